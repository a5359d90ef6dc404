use super::*;

const START: Timestamp = Timestamp(1_800_000_000_000_000);

fn later(days: i64) -> Timestamp {
    Timestamp::from_seconds(START.seconds() + days * DAY_S)
}

fn names() -> Vec<String> {
    vec!["127.0.0.1".to_owned(), "localhost".to_owned(), "::1".to_owned()]
}

fn start(dir: &Path, now: Timestamp) -> (Pki, Vec<Finding>) {
    Pki::ensure(dir, &names(), Missing::Make, now).unwrap()
}

fn good(pki: &Pki, now: Timestamp) -> bool {
    let authorities = x509::certificates(&pki.authorities).unwrap();
    is_good(&pki.server, &authorities[0], &names(), now).unwrap() && is_good(&pki.admin, &authorities[0], &[], now).unwrap()
}

/// What `ca.crt` says of its validity, as text.
fn authority_with_validity(dir: &Path, from: Timestamp, to: Timestamp) {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (at(from.seconds()).unwrap(), at(to.seconds()).unwrap());
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "stead-ca@1800000000");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(dir.join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(dir.join("ca.key"), key.serialize_pem()).unwrap();
}

#[test]
fn what_is_good_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (first, findings) = start(dir.path(), START);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(start(dir.path(), later(100)).0, first);
}

#[test]
fn leaves_are_renewed_before_they_expire() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    let (second, _) = start(dir.path(), later(300));
    assert_eq!(second.authorities, first.authorities);
    assert_ne!(second.server, first.server);
    assert_ne!(second.admin, first.admin);
}

#[test]
fn a_clock_that_starts_at_1970_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    let (second, findings) = start(dir.path(), Timestamp(0));
    assert_eq!(second, first);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn an_authority_made_at_1970_is_good_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), Timestamp(0));
    assert!(good(&first, Timestamp(0)));
    for now in [START, later(7300), later(365 * 500)] {
        let (second, findings) = start(dir.path(), now);
        assert_eq!(second.authorities, first.authorities);
        assert!(good(&second, now) && findings.is_empty(), "{findings:?}");
    }
}

#[test]
fn an_authority_of_the_future_is_kept_and_said() {
    let dir = tempfile::tempdir().unwrap();
    authority_with_validity(dir.path(), START, later(3650));
    let file = std::fs::read_to_string(dir.path().join("ca.crt")).unwrap();
    let (pki, findings) = start(dir.path(), later(-1));
    assert_eq!(pki.authorities, file);
    assert!(good(&pki, later(-1)));
    assert!(findings[0].0.contains("the clock is before"), "{findings:?}");
}

#[test]
fn an_expired_authority_is_renewed_under_its_name_and_key_and_said() {
    let dir = tempfile::tempdir().unwrap();
    authority_with_validity(dir.path(), START, later(3650));
    let (old, _) = start(dir.path(), later(100));
    let key = std::fs::read(dir.path().join("ca.key")).unwrap();
    let (new, findings) = start(dir.path(), later(3651));
    assert!(good(&new, later(3651)));
    assert!(findings[0].0.contains("expired") && findings[0].0.contains("renewed"), "{findings:?}");
    assert_eq!(std::fs::read(dir.path().join("ca.key")).unwrap(), key);
    // Who trusts the old certificate trusts what is signed now.
    let (old, leaf) = (x509::certificates(&old.authorities).unwrap(), x509::certificates(&new.server.certificate).unwrap());
    x509::check_signed_by(&leaf[0], &old[0]).unwrap();
    assert!(start(dir.path(), later(3652)).1.is_empty());
}

#[test]
fn a_lost_or_torn_certificate_of_the_authority_is_made_anew_of_its_key() {
    for content in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nMIIB")] {
        let dir = tempfile::tempdir().unwrap();
        let (first, _) = start(dir.path(), START);
        let path = dir.path().join("ca.crt");
        match content {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
        }
        // While a server runs somebody may be writing it.
        assert!(Pki::ensure(dir.path(), &names(), Missing::Refuse, START).is_err());
        let (second, findings) = start(dir.path(), START);
        assert!(findings[0].0.contains("ca.crt"), "{findings:?}");
        // A client that has the old copy goes on.
        let (old, leaf) = (x509::certificates(&first.authorities).unwrap(), x509::certificates(&second.server.certificate).unwrap());
        x509::check_signed_by(&leaf[0], &old[0]).unwrap();
    }
}

#[test]
fn without_its_key_an_authority_serves_until_something_must_be_signed() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    std::fs::write(dir.path().join("ca.key"), "torn").unwrap();
    let (second, findings) = start(dir.path(), later(1));
    assert_eq!(second, first);
    assert!(findings[0].0.contains("ca.key"), "{findings:?}");
    let error = Pki::ensure(dir.path(), &names(), Missing::Make, later(300)).unwrap_err();
    assert!(format!("{error:#}").contains("ca.key"), "{error:#}");
    assert_eq!(std::fs::read_to_string(dir.path().join("ca.key")).unwrap(), "torn");
}

#[test]
fn an_authority_of_which_nothing_can_be_read_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path(), START);
    for file in ["ca.crt", "ca.key"] {
        std::fs::write(dir.path().join(file), "torn").unwrap();
    }
    let error = format!("{:#}", Pki::ensure(dir.path(), &names(), Missing::Make, START).unwrap_err());
    assert!(error.contains("ca.crt") && error.contains("ca.key") && error.contains("remove both"), "{error}");
    assert_eq!(std::fs::read_to_string(dir.path().join("ca.crt")).unwrap(), "torn");
}

#[test]
fn a_key_of_another_authority_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path(), START);
    std::fs::write(dir.path().join("ca.key"), authority::rotated().key).unwrap();
    let error = Pki::ensure(dir.path(), &names(), Missing::Make, START).unwrap_err();
    assert!(format!("{error:#}").contains("is not the key"), "{error:#}");
}

#[test]
fn a_torn_leaf_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    std::fs::write(dir.path().join("admin.key"), "torn").unwrap();
    let (second, _) = start(dir.path(), START);
    assert!(good(&second, START));
    assert_eq!(second.server, first.server);
}

#[test]
fn leaves_are_made_anew_with_another_authority() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    let new = authority::rotated();
    std::fs::write(dir.path().join("ca.key"), &new.key).unwrap();
    std::fs::write(dir.path().join("ca.crt"), format!("{}{}", new.certificate, first.authorities)).unwrap();
    let (second, _) = start(dir.path(), START);
    assert!(good(&second, START));
    assert_ne!(second.server, first.server);
    assert!(second.authorities.ends_with(&first.authorities));
}

#[test]
fn a_new_name_makes_a_new_server_certificate_only() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path(), START);
    let mut more = names();
    more.push("192.0.2.7".to_owned());
    let (second, _) = Pki::ensure(dir.path(), &more, Missing::Make, START).unwrap();
    assert_ne!(second.server, first.server);
    assert_eq!(second.admin, first.admin);
    let certificate = x509::certificates(&second.server.certificate).unwrap();
    let found = x509::names(&x509::parse(&certificate[0]).unwrap());
    assert!(more.iter().all(|name| found.contains(name)), "{found:?}");
}
