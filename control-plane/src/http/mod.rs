//! HTTP without knowing any endpoint: connections and their deadlines, request ids, problems, extractors.

mod auth;
mod body;
mod connection;
mod cors;
mod extract;
mod idempotency;
mod problem;
mod request_id;
mod server;
mod upgrade;

pub(crate) use auth::{Authenticated, MaybeAuthenticated};
pub(crate) use body::BodyFault;
pub(crate) use cors::cors;
pub(crate) use extract::{ClientAddress, JsonBody, UrlPath, UrlQuery, header_text};
pub(crate) use idempotency::{Idempotency, Turn};
pub(crate) use problem::{Extras, Fault, Kind, Problem, ProblemBody, rate_limit_headers};
pub(crate) use request_id::name_requests;
pub(crate) use server::serve;
pub(crate) use upgrade::upgrade;
pub use upgrade::{Taker, UpgradeRefusal, UpgradeRequest, UpgradeResponse, UpgradedStream, Upgrades};
