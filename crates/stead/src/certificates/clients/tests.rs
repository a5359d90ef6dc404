use super::*;
use crate::certificates::{Pair, rotated};
use rcgen::{KeyPair, PublicKeyData, SigningKey};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..128 => out.push(length as u8),
        128..256 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// A certificate of X.509 v1 for `vera` of `ops`, in the name of `issuer` and signed by the key of `signer`.
pub fn v1_certificate(signer: &Pair, issuer: &str) -> Pair {
    build(signer, issuer, ("700101000000Z", "491231235959Z"))
}

fn build(signer: &Pair, issuer: &str, (from, to): (&str, &str)) -> Pair {
    let (signing, key) = (KeyPair::from_pem(&signer.key).unwrap(), KeyPair::generate().unwrap());
    let issuer = x509::certificates(issuer).unwrap();
    let issuer = x509::parse(&issuer[0]).unwrap().subject().as_raw().to_vec();
    let ecdsa_with_sha256 = tlv(0x30, &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
    let named = |id: u8, text: &str| tlv(0x31, &tlv(0x30, &[tlv(0x06, &[0x55, 0x04, id]), tlv(0x0c, text.as_bytes())].concat()));
    let subject = tlv(0x30, &[named(10, "ops"), named(3, "vera")].concat());
    let validity = tlv(0x30, &[tlv(0x17, from.as_bytes()), tlv(0x17, to.as_bytes())].concat());
    let fields = [tlv(0x02, &[1]), ecdsa_with_sha256.clone(), issuer, validity, subject, key.subject_public_key_info()];
    let tbs = tlv(0x30, &fields.concat());
    let signature = tlv(0x03, &[vec![0], signing.sign(&tbs).unwrap()].concat());
    let der = tlv(0x30, &[tbs, ecdsa_with_sha256, signature].concat());
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der)
    );
    Pair { certificate: pem, key: key.serialize_pem() }
}

fn identify(authority: &Pair, client: &Pair) -> anyhow::Result<Identity> {
    let chain = x509::certificates(&client.certificate).unwrap();
    authorities(&authority.certificate).unwrap().identify(&chain, NOW)
}

#[test]
fn version_1_is_accepted_from_our_authority_alone_and_only_while_valid() {
    let ours = rotated();
    let good = identify(&ours, &v1_certificate(&ours, &ours.certificate)).unwrap();
    assert_eq!((good.user.as_str(), &good.groups[..1]), ("vera", &["ops".to_owned()][..])); // A1
    let forged = identify(&ours, &v1_certificate(&rotated(), &ours.certificate));
    assert!(format!("{:#}", forged.unwrap_err()).contains("none of our authorities signed it"));
    for validity in [("700101000000Z", "260101000000Z"), ("480101000000Z", "491231235959Z")] {
        let error = identify(&ours, &build(&ours, &ours.certificate, validity)).unwrap_err();
        assert!(format!("{error:#}").contains("it is valid from"), "{error:#}");
    }
}

#[test]
fn every_changed_byte_of_a_version_1_certificate_is_noticed() {
    let ours = rotated();
    let good = x509::certificates(&v1_certificate(&ours, &ours.certificate).certificate).unwrap().remove(0);
    let authorities = authorities(&ours.certificate).unwrap();
    authorities.identify(std::slice::from_ref(&good), NOW).unwrap();
    for at in 0..good.len() {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1;
        let changed = CertificateDer::from(bytes);
        assert!(authorities.identify(&[changed], NOW).is_err(), "byte {at}");
    }
}

#[test]
fn what_is_believed_is_looked_at_again_when_authorities_change_or_time_goes_on() {
    let (ours, other) = (rotated(), rotated());
    let clients = Arc::new(ClientAuthorities::new(&ours.certificate).unwrap());
    let chain = x509::certificates(&build(&ours, &ours.certificate, ("700101000000Z", "270115080010Z")).certificate).unwrap();
    let caller = Caller::new(chain, clients.clone());
    assert!(caller.identity(NOW).is_some());
    assert!(caller.identity(Timestamp(NOW.0 + 9_000_000)).is_some());
    assert!(caller.identity(Timestamp(NOW.0 + 21_000_000)).is_none(), "it has expired");
    assert!(caller.identity(NOW).is_some(), "the clock was set back");
    clients.replace(&other.certificate).unwrap();
    assert!(caller.identity(NOW).is_none());
}
