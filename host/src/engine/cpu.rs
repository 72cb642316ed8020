//! CPU baselines: which instructions compiled code may use. Never `native`, so that an artifact runs on every host that
//! names the same baseline, and compiles to the same code on all of them.
#![allow(unsafe_code, reason = "cranelift's flags are set by name, which wasmtime marks as unsafe")]

use serde::{Deserialize, Serialize};

/// A named set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CpuBaseline {
    /// x86-64-v2: every server since 2009 (SSE4.2, POPCNT).
    X86_64V2,
    /// x86-64-v3: since 2013/2015 (AVX2, BMI, FMA, LZCNT).
    X86_64V3,
    /// Armv8.0-A.
    Aarch64,
}

/// Cranelift's names for x86-64-v2, with the name that the standard library detects them by.
const V2: [&str; 5] = ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];

/// What x86-64-v3 adds.
const V3: [&str; 6] = ["has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_fma", "has_lzcnt"];

impl CpuBaseline {
    /// The best baseline that this machine has.
    pub fn of_this_machine() -> CpuBaseline {
        #[cfg(target_arch = "x86_64")]
        {
            let v3 = std::is_x86_feature_detected!("avx2")
                && std::is_x86_feature_detected!("bmi1")
                && std::is_x86_feature_detected!("bmi2")
                && std::is_x86_feature_detected!("fma")
                && std::is_x86_feature_detected!("lzcnt");
            if v3 { CpuBaseline::X86_64V3 } else { CpuBaseline::X86_64V2 }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            CpuBaseline::Aarch64
        }
    }

    /// The name in an artifact's manifest.
    pub fn name(self) -> &'static str {
        match self {
            CpuBaseline::X86_64V2 => "x86_64-v2",
            CpuBaseline::X86_64V3 => "x86_64-v3",
            CpuBaseline::Aarch64 => "aarch64-v8.0",
        }
    }

    fn flags(self) -> impl Iterator<Item = &'static str> {
        let (v2, v3) = match self {
            CpuBaseline::X86_64V2 => (&V2[..], &[][..]),
            CpuBaseline::X86_64V3 => (&V2[..], &V3[..]),
            CpuBaseline::Aarch64 => (&[][..], &[][..]),
        };
        v2.iter().chain(v3).copied()
    }

    /// Pins code generation: naming a target, even the host's own, keeps cranelift from looking at the CPU.
    pub(super) fn apply(self, config: &mut wasmtime::Config) -> wasmtime::Result<()> {
        config.target(TARGET)?;
        for flag in self.flags() {
            // SAFETY: these flags only add instructions, and wasmtime refuses to load code for instructions that the
            // host lacks (`Engine::check_compatible_with_native_host`).
            unsafe { config.cranelift_flag_enable(flag) };
        }
        Ok(())
    }
}

/// This host, as a target triple.
const TARGET: &str = if cfg!(target_os = "macos") {
    if cfg!(target_arch = "aarch64") { "aarch64-apple-darwin" } else { "x86_64-apple-darwin" }
} else if cfg!(target_os = "windows") {
    "x86_64-pc-windows-msvc"
} else if cfg!(target_arch = "aarch64") {
    if cfg!(target_env = "musl") { "aarch64-unknown-linux-musl" } else { "aarch64-unknown-linux-gnu" }
} else if cfg!(target_env = "musl") {
    "x86_64-unknown-linux-musl"
} else {
    "x86_64-unknown-linux-gnu"
};
