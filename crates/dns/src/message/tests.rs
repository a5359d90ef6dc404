use super::*;
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, RecordType};
use proptest::prelude::*;

fn asked(edns: Option<(u16, u8)>) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(crate::name::parse("web.ns.svc.cluster.local").unwrap(), RecordType::A));
    if let Some((size, version)) = edns {
        let mut edns = Edns::new();
        edns.set_max_payload(size).set_version(version).set_dnssec_ok(true);
        message.set_edns(edns);
    }
    message.to_vec().unwrap()
}

fn request(bytes: &[u8]) -> Request {
    match read(bytes) {
        Received::Question(request) => request,
        other => panic!("{other:?}"),
    }
}

fn many(count: u8) -> Answer {
    let name: Name = crate::name::parse("web.ns.svc.cluster.local").unwrap();
    Answer::ours((0..count).map(|n| Record::from_rdata(name.clone(), 30, RData::A(A::new(10, 42, 0, n)))).collect())
}

#[test]
fn what_is_no_question_is_refused_by_its_head() {
    // DNSG-32
    let mut reply = asked(None);
    reply[2] |= 0x80;
    assert!(matches!(read(&reply), Received::Nothing));
    assert!(matches!(read(&reply[..11]), Received::Nothing));
    let refused = |bytes: &[u8]| match read(bytes) {
        Received::Refused(answer) => {
            let message = Message::from_vec(&answer).unwrap();
            (message.metadata.response_code, u8::from(message.metadata.op_code), message.queries.len(), message.metadata.recursion_desired)
        }
        other => panic!("{other:?}"),
    };
    for op_code in [1, 2, 3, 4, 5, 6] {
        let mut other = asked(None);
        other[2] |= op_code << 3;
        assert_eq!(refused(&other), (ResponseCode::NotImp, op_code, 0, true));
    }
    let mut two = asked(None);
    two[5] = 2;
    assert_eq!(refused(&two), (ResponseCode::FormErr, 0, 0, true));
    assert_eq!(refused(&asked(None)[..20]), (ResponseCode::FormErr, 0, 0, true));
}

#[test]
fn an_answer_that_is_too_long_is_cut_and_says_so() {
    // DNSG-30
    let sized = |edns: Option<u16>, count| {
        let request = request(&asked(edns.map(|size| (size, 0))));
        let bytes = encode(&request, &many(count), request.size_max());
        let message = Message::from_vec(&bytes).unwrap();
        assert!(bytes.len() <= request.size_max().into());
        assert_eq!(message.edns.is_some(), edns.is_some(), "OPT stays");
        (message.metadata.truncation, message.answers.len())
    };
    assert_eq!(sized(None, 20), (false, 20));
    assert_eq!(sized(None, 60), (true, 28));
    assert_eq!(sized(Some(100), 60), (true, 28));
    assert_eq!(sized(Some(1232), 60), (false, 60));
}

proptest! {
    #[test]
    fn any_bytes_are_answered_within_the_clients_size(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), count in 0u8..100, tidy in any::<bool>()) {
        if tidy && bytes.len() > 12 {
            bytes[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        match read(&bytes) {
            Received::Question(request) => {
                let answer = encode(&request, &many(count), request.size_max());
                prop_assert!(answer.len() <= request.size_max().into());
                prop_assert_eq!(&answer[..2], &bytes[..2]);
            }
            Received::Refused(answer) => prop_assert_eq!(answer.len(), HEAD_LENGTH),
            Received::Nothing => {}
        }
    }

    #[test]
    fn names_that_point_at_themselves_end(points in proptest::collection::vec(0u8..40, 1..40)) {
        let mut bytes = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for point in points {
            bytes.extend([0xc0, point]);
        }
        bytes.extend([0, 1, 0, 1]);
        prop_assert!(!matches!(read(&bytes), Received::Nothing));
    }
}
