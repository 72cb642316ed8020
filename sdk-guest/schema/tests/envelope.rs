//! The envelope, both ways.

use proptest::prelude::*;
use stadion_schema::envelope::{Down, Up};

proptest! {
    #[test]
    fn what_is_put_in_comes_out(number in any::<u64>(), data in prop::collection::vec(any::<u8>(), 0..50)) {
        for down in [Down::Message(&data), Down::View { number, data: &data }] {
            let bytes = down.to_bytes();
            prop_assert_eq!(Down::parse(&bytes), Ok(down));
        }
        for up in [Up::Message(&data), Up::Ack(number)] {
            let bytes = up.to_bytes();
            prop_assert_eq!(Up::parse(&bytes), Ok(up));
        }
    }

    #[test]
    fn random_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = (Down::parse(&data), Up::parse(&data));
    }
}

#[test]
fn the_bytes_are_those_of_the_documentation() {
    assert_eq!(Down::Message(&[7]).to_bytes(), [0x00, 7]);
    assert_eq!(Down::View { number: 300, data: &[7] }.to_bytes(), [0x01, 0xac, 0x02, 7]);
    assert_eq!(Up::Ack(5).to_bytes(), [0x01, 5]);
    for refused in [&[][..], &[2], &[1], &[1, 0x80], &[1, 5, 5]] {
        assert!(Up::parse(refused).is_err(), "{refused:x?}");
    }
}
