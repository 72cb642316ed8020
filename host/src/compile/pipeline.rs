//! An upload's way through the child: look, count, validate, componentize, check the contract, slice, instrument, compile,
//! describe, and find out what images of it can be had.

use std::sync::Arc;

use stadion_protocol::VersionId;
use stadion_protocol::contract::{ArtifactManifest, CompileStage, Description};
use wasmparser::{Encoding, Parser, Payload, Validator};
use wit_component::ComponentEncoder;

use super::images::Build;
use super::{CODE_BYTES, MESSAGE_BYTES, UPLOAD_BYTES, contract, description, images, limits, slices};
use crate::artifact::{MANIFEST_FORMAT, encode_manifest};
use crate::engine::{CodeSettings, Engine, EngineConfig, LoadedVersion, MAX_MEMORY_BYTES, Sessions, allowed_features};
use crate::session::{NotDescribed, describe, finish};

/// An upload was not accepted: which check said no, and why, for its developer.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) stage: CompileStage,
    pub(super) message: String,
}

impl Rejection {
    pub(super) fn new(stage: CompileStage, message: impl Into<String>) -> Rejection {
        let mut message = message.into();
        crate::session::cut(&mut message, MESSAGE_BYTES);
        Rejection { stage, message }
    }

    /// For errors of the parser and the validator.
    #[expect(clippy::needless_pass_by_value, reason = "used as a function value with map_err")]
    pub(super) fn invalid(error: wasmparser::BinaryReaderError) -> Rejection {
        let (what, at) = (error.message(), error.offset());
        Rejection::new(
            CompileStage::Validate,
            format!("the upload is damaged or uses wasm features that are not offered: {what} (at byte {at})"),
        )
    }
}

/// What became of an upload.
pub(super) struct Made {
    pub(super) manifest: ArtifactManifest,
    pub(super) code: Vec<u8>,
    pub(super) component: Vec<u8>,
}

/// Takes an upload all the way, and tells of each stage as it begins.
pub(super) fn run(
    code: CodeSettings,
    version: VersionId,
    upload: &[u8],
    tell: &dyn Fn(CompileStage),
) -> Result<Made, Rejection> {
    tell(CompileStage::Validate);
    let encoding = look(upload)?;
    let declared = limits::scan(upload, MAX_MEMORY_BYTES)?;
    validate(upload)?;
    let component = match encoding {
        Encoding::Component => upload.to_vec(),
        Encoding::Module => {
            tell(CompileStage::Componentize);
            componentize(upload)?
        }
    };
    tell(CompileStage::Contract);
    contract::check_component(&component)?;
    let engine = Engine::new(EngineConfig { code, sessions: Sessions::OnDemand })
        .map_err(|error| Rejection::new(CompileStage::Compile, error.to_string()))?;
    let _ticker = engine.start_ticker().map_err(|error| Rejection::new(CompileStage::Describe, error.to_string()))?;
    let sliced = slices::component(&component).map_err(Rejection::invalid)?;
    tell(CompileStage::Compile);
    let build = Build::of(&engine, &sliced, version)?;
    tell(CompileStage::Describe);
    let wire = ask(&build.linked)?;
    let mut description = description::check(wire, build.linked.saves(), declared.memory_bytes, MAX_MEMORY_BYTES)?;
    tell(CompileStage::Prepare);
    let build = images::find(&engine, &sliced, build, &mut description)?;
    let native =
        build.compiled.serialize().map_err(|error| Rejection::new(CompileStage::Compile, format!("{error:#}")))?;
    if native.len() > CODE_BYTES {
        let message = format!("it compiles to {} bytes; at most {CODE_BYTES} are allowed", native.len());
        return Err(Rejection::new(CompileStage::Limits, message));
    }
    let manifest = ArtifactManifest {
        format: MANIFEST_FORMAT,
        version,
        engine: engine.compatibility(),
        cpu: code.cpu.name().to_owned(),
        code: *blake3::hash(&native).as_bytes(),
        description,
        image_layout: build.layout(),
    };
    debug_assert!(postcard::from_bytes::<ArtifactManifest>(&encode_manifest(&manifest)).is_ok());
    Ok(Made { manifest, code: native, component })
}

/// Tells wasm from what else people upload.
fn look(upload: &[u8]) -> Result<Encoding, Rejection> {
    let refuse = |message: &str| Err(Rejection::new(CompileStage::Validate, message));
    if upload.len() > UPLOAD_BYTES {
        return Err(Rejection::new(CompileStage::Limits, format!("more than {UPLOAD_BYTES} bytes")));
    }
    match upload {
        [] => return refuse("the upload is empty"),
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] | [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => {
            return refuse("this is native code: upload the wasm module itself, compiling is done here");
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [b'P', b'K', 3, 4, ..] => {
            return refuse("this is compressed: upload the wasm module itself");
        }
        [b'(' | b';', ..] => return refuse("this is the text format: convert it to binary first"),
        [0, b'a', b's', b'm', ..] => {}
        _ => return refuse("not a valid module: wasm begins with the bytes 00 61 73 6d; upload what the build left"),
    }
    match Parser::new(0).parse_all(upload).next() {
        Some(Ok(Payload::Version { encoding, .. })) => Ok(encoding),
        Some(Err(error)) => Err(Rejection::invalid(error)),
        _ => refuse("not a wasm module"),
    }
}

fn validate(upload: &[u8]) -> Result<(), Rejection> {
    Validator::new_with_features(allowed_features()).validate_all(upload).map(|_| ()).map_err(Rejection::invalid)
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, Rejection> {
    contract::check_module(module)?;
    let component = ComponentEncoder::default().validate(true).module(module).and_then(|mut encoder| encoder.encode());
    let component = component.map_err(|error| Rejection::new(CompileStage::Componentize, format!("{error:#}")))?;
    validate(&component)?;
    Ok(component)
}

fn ask(version: &Arc<LoadedVersion>) -> Result<crate::session::WireDescription, Rejection> {
    finish(describe(version)).map_err(|refused| match refused {
        NotDescribed::Contract(message) => Rejection::new(CompileStage::Contract, message),
        NotDescribed::Fault(fault) => Rejection::new(CompileStage::Describe, format!("describe: {fault}")),
    })
}

/// Stands in until the component has described itself.
pub(super) fn nothing() -> Description {
    Description {
        title: String::new(),
        seats_min: 1,
        seats_max: 1,
        teams: 0,
        rate: 0,
        memory_bytes: 0,
        step_us: 0,
        schema: None,
        settings: Vec::new(),
        saves: false,
        image_checkpoints: Err("not looked at yet".to_owned()),
        warm_image: None,
    }
}
