//! The fuzz target's body, run on every test run: random and nearly right bytes through decoders and machines.

#[allow(unreachable_pub, reason = "a library of its own elsewhere")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_harm_decoders_or_machines(bytes in vec(any::<u8>(), 0..2_000)) {
        fuzz::everything(&bytes);
    }

    /// Bytes that look like lengths and kinds get further than random ones.
    #[test]
    fn no_nearly_right_bytes_harm_decoders_or_machines(bytes in vec(prop_oneof![0..8u8, 0x20..0x23u8, 0x40..0x4au8, 0x60..0x63u8, any::<u8>()], 0..500)) {
        fuzz::everything(&bytes);
    }
}
