//! Wasmtime's knobs. Everything that changes what compiled code does is part of the artifact key.

use serde::{Deserialize, Serialize};
use wasmtime::{Config, InstanceAllocationStrategy, WasmBacktraceDetails, WasmFeatures};

use super::cpu::CpuBaseline;
use super::pool::{PoolLayout, PoolSize, StackGuards};

/// Stack of the guest's own frames.
const WASM_STACK_BYTES: usize = 512 * 1024;

/// The whole stack of a call: the guest's part, and as much again for host functions at its bottom.
pub(super) const CALL_STACK_BYTES: usize = 1024 * 1024;

/// What compiled code depends on. The compile child is given the same, so that hosts accept what it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSettings {
    /// Part of the artifact key: bounds checks depend on it.
    pub layout: PoolLayout,
    /// Part of the artifact key.
    pub cpu: CpuBaseline,
}

impl Default for CodeSettings {
    fn default() -> CodeSettings {
        CodeSettings { layout: PoolLayout::default(), cpu: CpuBaseline::of_this_machine() }
    }
}

/// How an engine is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineConfig {
    /// What its code depends on.
    pub code: CodeSettings,
    /// Where its sessions live.
    pub sessions: Sessions,
}

/// Where sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// In a pool; `None` sizes it from the machine.
    Pooled(Option<u32>),
    /// Mapped one by one: the compile child, which runs one.
    OnDemand,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::Pooled(None)
    }
}

/// The wasm features that a game may use: finished, and with one meaning on every machine. No threads, memory64, gc,
/// exceptions, stack switching, component async. No relaxed SIMD either, though wasmtime has a deterministic form of it: where
/// the CPU baseline lacks FMA, a multiply-add is a call into the C library whose NaNs are not canonicalized.
pub fn allowed_features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::BULK_MEMORY_OPT
        | WasmFeatures::SIMD
        | WasmFeatures::FLOATS
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

/// Wasmtime's configuration, without an allocator.
fn code_config(code: CodeSettings) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.wasm_features(!allowed_features() & WasmFeatures::all(), false);
    config.wasm_features(allowed_features(), true);
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(CALL_STACK_BYTES)
        .memory_reservation(code.layout.reservation())
        .memory_guard_size(code.layout.guard())
        .guard_before_linear_memory(code.layout == PoolLayout::Fast);
    code.cpu.apply(&mut config)?;
    Ok(config)
}

/// Wasmtime's configuration, and the size of the pool if there is one.
pub(super) fn wasmtime_config(
    config: EngineConfig,
    guards: StackGuards,
) -> wasmtime::Result<(Config, Option<PoolSize>)> {
    let mut wasmtime = code_config(config.code)?;
    let size = match config.sessions {
        Sessions::OnDemand => None,
        Sessions::Pooled(wanted) => Some(PoolSize::choose(config.code.layout, wanted, guards)),
    };
    if let Some(size) = size {
        wasmtime.allocation_strategy(InstanceAllocationStrategy::Pooling(size.allocation()));
    }
    Ok((wasmtime, size))
}
