//! One server, and who asks it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

use crate::answer::Answer;
use crate::call::Call;
use crate::error::Error;
use crate::operation::Operation;
use crate::patience::Patience;

/// A server on the same machine or network answers within this; a dead one is noticed.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Where a server is, and how it is asked.
#[derive(Clone, Debug)]
pub struct Server {
    url: String,
    bearer: Option<String>,
    tls: Option<ClientConfig>,
    agent: String,
    from: Option<IpAddr>,
    patience: Patience,
}

impl Server {
    /// At an address such as `http://127.0.0.1:7878`.
    pub fn at(url: &str) -> Server {
        let agent = concat!("stadion-api/", env!("CARGO_PKG_VERSION")).to_owned();
        let url = url.trim_end_matches('/').to_owned();
        Server { url, bearer: None, tls: None, agent, from: None, patience: Patience::default() }
    }

    /// Asked with an API key or an access token.
    pub fn with_bearer(self, bearer: impl Into<String>) -> Server {
        Server { bearer: Some(bearer.into()), ..self }
    }

    /// Over TLS, to whom these settings trust. Without them nobody is trusted, and `https:` fails.
    pub fn with_tls(self, tls: ClientConfig) -> Server {
        Server { tls: Some(tls), ..self }
    }

    /// Who asks, for the server's log.
    pub fn with_agent(self, agent: impl Into<String>) -> Server {
        Server { agent: agent.into(), ..self }
    }

    /// From this address of the machine.
    pub fn from(self, address: IpAddr) -> Server {
        Server { from: Some(address), ..self }
    }

    /// How often is asked again what may be.
    pub fn with_patience(self, patience: Patience) -> Server {
        Server { patience, ..self }
    }
}

/// A server as somebody asks it. Cheap to clone; all clones share connections.
#[derive(Clone, Debug)]
pub struct Api {
    pub(crate) http: reqwest::Client,
    pub(crate) who: Arc<Who>,
}

/// The bearer token is in no text of it.
pub(crate) struct Who {
    pub(crate) url: String,
    pub(crate) bearer: Option<String>,
    pub(crate) patience: Patience,
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Who")
            .field("url", &self.url)
            .field("has_bearer", &self.bearer.is_some())
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Connects when something is asked.
    pub fn new(server: &Server) -> Result<Api, Error> {
        let Server { url, bearer, tls, agent, from, patience } = server.clone();
        let mut builder =
            reqwest::Client::builder().connect_timeout(CONNECT_WITHIN).user_agent(agent).local_address(from);
        builder = builder.tls_backend_preconfigured(match tls {
            Some(tls) => tls,
            None => trusts_nobody()?,
        });
        if is_local(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Client(error.to_string()))?;
        Ok(Api { http, who: Arc::new(Who { url, bearer, patience }) })
    }

    /// The same server, asked by somebody else; `None`: by nobody.
    pub fn with_bearer(&self, bearer: Option<&str>) -> Api {
        let Who { url, patience, .. } = &*self.who;
        let who = Who { url: url.clone(), bearer: bearer.map(str::to_owned), patience: *patience };
        Api { http: self.http.clone(), who: Arc::new(who) }
    }

    /// The same server, asked more or less often.
    pub fn with_patience(&self, patience: Patience) -> Api {
        let Who { url, bearer, .. } = &*self.who;
        Api { http: self.http.clone(), who: Arc::new(Who { url: url.clone(), bearer: bearer.clone(), patience }) }
    }

    /// A path of the server, as people open it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.who.url)
    }

    /// The token that calls are made with.
    pub fn bearer(&self) -> Option<&str> {
        self.who.bearer.as_deref()
    }

    /// A call, with these names in the places of its path.
    pub fn call<A: Answer>(&self, operation: Operation<A>, names: &[&str]) -> Call<A> {
        Call::new(self.clone(), operation, names)
    }
}

/// For plain HTTP, where the client of HTTP would look for cryptography and certificates that nobody uses.
fn trusts_nobody() -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::Client(error.to_string()))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// A proxy from the environment is of no use for this machine's own servers.
fn is_local(server: &str) -> bool {
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}
