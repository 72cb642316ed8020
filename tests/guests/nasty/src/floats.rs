//! Arithmetic that runs into every corner of IEEE 754, shown by its bits.

use super::{Part, Tick};

#[derive(Default)]
pub(crate) struct Nasty {
    doubles: [f64; 16],
    singles: [f32; 16],
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        for (index, byte) in said.iter().chain(&[0, 1, 2, 3, 4, 5, 6, 7]).enumerate() {
            let at = (usize::from(*byte) + index) % 16;
            let (x, y) = (self.doubles[at], self.doubles[(at + 5) % 16]);
            self.doubles[at] = match byte % 12 {
                0 => x / y,
                1 => (x - 3.5).sqrt(),
                2 => f64::INFINITY - y * f64::INFINITY,
                3 => x.mul_add(y, tick.number as f64 * 0.1),
                4 => -x,
                5 => x.min(y),
                6 => f64::from_bits(0x7ff0_0000_0000_0000 | u64::from(*byte) << 20 | tick.number),
                7 => x.sin() + y.exp(),
                8 => f64::from(self.singles[at]),
                9 => (x * 1e300) * (y + 1e300),
                10 => x.rem_euclid(y),
                _ => x.copysign(-y) + 5e-324,
            };
            let single = self.singles[(at + 3) % 16];
            self.singles[at] = match byte % 5 {
                0 => self.doubles[at] as f32,
                1 => f32::from_bits(0xffa0_0000 | u32::from(*byte)) + single,
                2 => single.powf(1.7),
                3 => (single as i32 as f32).round_ties_even(),
                _ => single / 3.0 + 1.0,
            };
        }
        self.doubles.iter().for_each(|number| out.extend(number.to_bits().to_le_bytes()));
        self.singles.iter().for_each(|number| out.extend(number.to_bits().to_le_bytes()));
    }
}
