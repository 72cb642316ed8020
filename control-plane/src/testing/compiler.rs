//! A compiler that takes anything.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{
    ArtifactManifest, CompileError, CompileStage, Compiled, Compiler, Description, Pending, StageSink,
};

pub(crate) struct FakeCompiler {
    engine: [u8; 32],
    description: Mutex<Description>,
    refusal: Mutex<Option<CompileError>>,
    compiled: AtomicU32,
}

impl FakeCompiler {
    pub(crate) fn of_engine(engine: [u8; 32]) -> FakeCompiler {
        let description = Description {
            title: "A game".to_owned(),
            seats_min: 2,
            seats_max: 2,
            teams: 0,
            rate: 20,
            memory_bytes: 1 << 20,
            step_us: 1000,
            schema: Some(b"schema".to_vec()),
            settings: vec![("claim-seconds".to_owned(), "30".to_owned())],
            saves: false,
            image_checkpoints: Ok(()),
            warm_image: None,
        };
        FakeCompiler {
            engine,
            description: Mutex::new(description),
            refusal: Mutex::default(),
            compiled: AtomicU32::new(0),
        }
    }

    pub(crate) fn describe(&self, change: impl FnOnce(&mut Description)) {
        change(&mut self.description.lock().unwrap());
    }

    pub(crate) fn refuse_with(&self, error: CompileError) {
        *self.refusal.lock().unwrap() = Some(error);
    }

    pub(crate) fn compiled(&self) -> u32 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// The component that it makes of an upload: other bytes, as for a core module.
    pub(crate) fn component_of(wasm: &Bytes) -> Bytes {
        [wasm, &b"+component"[..]].concat().into()
    }
}

impl Compiler for FakeCompiler {
    fn compile_telling(&self, wasm: Bytes, tell: StageSink) -> Pending<'_, Result<Compiled, CompileError>> {
        [CompileStage::Validate, CompileStage::Compile].into_iter().for_each(|stage| tell(stage));
        drop(tell);
        self.compile(wasm)
    }

    fn compile(&self, wasm: Bytes) -> Pending<'_, Result<Compiled, CompileError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if let Some(error) = self.refusal.lock().unwrap().clone() {
                return Err(error);
            }
            self.compiled.fetch_add(1, Ordering::Relaxed);
            let code = Bytes::from([&wasm[..], b"+code"].concat());
            let manifest = ArtifactManifest {
                format: 2,
                version: VersionId(Sha256::digest(&wasm).into()),
                engine: self.engine,
                cpu: "test".to_owned(),
                code: *blake3::hash(&code).as_bytes(),
                description: self.description.lock().unwrap().clone(),
                image_layout: None,
            };
            Ok(Compiled { manifest, code, component: FakeCompiler::component_of(&wasm), cpu_ms: 7 })
        })
    }
}
