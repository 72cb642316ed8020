//! HTTP without knowing any endpoint: connections and their deadlines, request ids, problems, extractors.

mod access;
mod addresses;
mod audit;
mod auth;
mod body;
mod caller;
mod connection;
mod cors;
mod etag;
mod extract;
pub(crate) mod guarded;
mod idempotency;
pub(crate) mod outbound;
mod problem;
mod request_id;
mod server;
mod tls;
mod upgrade;

pub use addresses::Reach;
pub(crate) use audit::{AuditSlot, audit};
pub(crate) use auth::{AuthError, Authenticated, MaybeAuthenticated};
pub(crate) use body::BodyFault;
pub(crate) use cors::cors;
pub(crate) use etag::{IfMatch, IfMatchHeader, tag_answers};
pub(crate) use extract::{ClientAddress, JsonBody, UrlPath, UrlQuery, header_text, whole_body};
pub(crate) use idempotency::{Idempotency, Turn};
pub(crate) use problem::{Extras, Fault, Kind, Problem, ProblemBody, rate_limit_headers};
pub(crate) use request_id::name_requests;
pub(crate) use server::{Service, serve};
pub use tls::{Tls, TlsError, TlsFiles};
pub(crate) use upgrade::upgrade;
pub use upgrade::{Taker, UpgradeRefusal, UpgradeRequest, UpgradeResponse, UpgradedStream, Upgrades};
