//! Vectors of floats, NaNs among them, in every arithmetic instruction that has room for opinions.

use std::arch::wasm32::*;

use super::{Part, Tick};

pub(crate) struct Nasty([v128; 4]);

impl Default for Nasty {
    fn default() -> Nasty {
        Nasty([u64x2(1, 2), u64x2(3, u64::MAX), u64x2(0x7fa0_0001_3f80_0000, 5), u64x2(0, 7)])
    }
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        for byte in said.iter().chain(&[1, 2, 3, 5, 8, 13]) {
            mix(&mut self.0, *byte, tick.number);
        }
        for lanes in self.0 {
            out.extend(u64x2_extract_lane::<0>(lanes).to_le_bytes());
            out.extend(u64x2_extract_lane::<1>(lanes).to_le_bytes());
        }
    }
}

#[target_feature(enable = "simd128")]
fn mix(state: &mut [v128; 4], byte: u8, tick: u64) {
    let at = usize::from(byte) % 4;
    let (a, b, c) = (state[at], state[(at + 1) % 4], state[(at + 2) % 4]);
    state[at] = match byte % 9 {
        0 => f32x4_add(f32x4_mul(a, b), c),
        1 => f64x2_sub(f64x2_mul(a, b), f64x2_sqrt(c)),
        2 => f32x4_div(f32x4_sub(a, a), f32x4_sub(b, b)),
        3 => i32x4_trunc_sat_f32x4(f32x4_nearest(a)),
        4 => f32x4_min(a, f32x4_pmax(f32x4_splat(f32::NAN), b)),
        5 => i8x16_swizzle(a, b),
        6 => f64x2_mul(f64x2_convert_low_i32x4(a), f64x2_promote_low_f32x4(b)),
        7 => i16x8_q15mulr_sat(a, f32x4_demote_f64x2_zero(b)),
        _ => i64x2_add(i8x16_shuffle::<0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31>(a, b), u64x2_splat(tick)),
    };
}
