//! Floating-point functions that give the same bits everywhere.
//!
//! `+ - * /` and `sqrt` are exact by IEEE 754. The rest of std's (`sin`, `powf`, ..) is exact within a match, which always
//! runs as wasm, but a client built for its own machine may differ in the last bit. Rules that a client predicts use
//! these instead.

macro_rules! functions {
    ($float:ident: $($(#[$doc:meta])+ $name:ident($($arg:ident),+) = $libm:ident;)+) => {$(
        $(#[$doc])+
        #[inline]
        pub fn $name($($arg: $float),+) -> $float {
            libm::$libm($($arg),+)
        }
    )+};
}

functions! { f64:
    /// The sine of an angle in radians.
    sin(x) = sin;
    /// The cosine of an angle in radians.
    cos(x) = cos;
    /// The tangent of an angle in radians.
    tan(x) = tan;
    /// The angle whose sine this is.
    asin(x) = asin;
    /// The angle whose cosine this is.
    acos(x) = acos;
    /// The angle whose tangent this is.
    atan(x) = atan;
    /// The angle of the point (x, y), in all four quadrants.
    atan2(y, x) = atan2;
    /// The square root.
    sqrt(x) = sqrt;
    /// The cube root.
    cbrt(x) = cbrt;
    /// The length of (x, y).
    hypot(x, y) = hypot;
    /// e to the x.
    exp(x) = exp;
    /// The natural logarithm.
    ln(x) = log;
    /// The logarithm to base 2.
    log2(x) = log2;
    /// The logarithm to base 10.
    log10(x) = log10;
    /// x to the y.
    pow(x, y) = pow;
    /// Rounded down.
    floor(x) = floor;
    /// Rounded up.
    ceil(x) = ceil;
    /// To the nearest integer, halves away from zero.
    round(x) = round;
}

/// The same functions for `f32`.
pub mod f32 {
    functions! { f32:
        /// The sine of an angle in radians.
        sin(x) = sinf;
        /// The cosine of an angle in radians.
        cos(x) = cosf;
        /// The tangent of an angle in radians.
        tan(x) = tanf;
        /// The angle whose sine this is.
        asin(x) = asinf;
        /// The angle whose cosine this is.
        acos(x) = acosf;
        /// The angle whose tangent this is.
        atan(x) = atanf;
        /// The angle of the point (x, y), in all four quadrants.
        atan2(y, x) = atan2f;
        /// The square root.
        sqrt(x) = sqrtf;
        /// The cube root.
        cbrt(x) = cbrtf;
        /// The length of (x, y).
        hypot(x, y) = hypotf;
        /// e to the x.
        exp(x) = expf;
        /// The natural logarithm.
        ln(x) = logf;
        /// The logarithm to base 2.
        log2(x) = log2f;
        /// The logarithm to base 10.
        log10(x) = log10f;
        /// x to the y.
        pow(x, y) = powf;
        /// Rounded down.
        floor(x) = floorf;
        /// Rounded up.
        ceil(x) = ceilf;
        /// To the nearest integer, halves away from zero.
        round(x) = roundf;
    }
}

#[cfg(test)]
mod tests {
    /// Bits, so that another implementation behind these names would be noticed.
    #[test]
    fn the_bits_are_these() {
        assert_eq!(super::sin(1.0).to_bits(), 0x3fea_ed54_8f09_0cee);
        assert_eq!(super::pow(1.1, 7.3).to_bits(), super::pow(1.1, 7.3).to_bits());
        assert_eq!(super::f32::sqrt(2.0), 2f32.sqrt());
    }
}
