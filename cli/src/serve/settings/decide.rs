//! From what was set to what a server needs to know: defaults, and every fault at once.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use stadion_control_plane::Config;
use stadion_control_plane::config::Reach;
use stadion_host::engine::PoolLayout;
use stadion_protocol::origin::AllowedOrigins;

use super::layer::Layer;
use super::{DEFAULT_PORT, Data, LOG, Lifetime, Settings, TlsFiles, advertise, default_data};
use crate::config;
use crate::failure::{Failure, Outcome};

/// What is wrong, in the order in which it was found.
#[derive(Default)]
pub(super) struct Faults(Vec<Failure>);

impl Faults {
    pub(super) fn add(&mut self, fault: Failure) {
        self.0.push(fault);
    }

    /// The value, or its fault noted.
    fn or_none<T>(&mut self, outcome: Outcome<Option<T>>) -> Option<T> {
        outcome.unwrap_or_else(|fault| {
            self.add(fault);
            None
        })
    }

    /// One fault as it is; several as a list, each with what would fix it.
    fn outcome(mut self) -> Outcome {
        if self.0.len() <= 1 {
            return self.0.pop().map_or(Ok(()), Err);
        }
        let lines = self.0.iter().map(|fault| match &fault.fix {
            Some(fix) => format!("\n  - {}: {fix}", fault.message),
            None => format!("\n  - {}", fault.message),
        });
        Err(Failure::usage(format!("{} settings do not fit:{}", self.0.len(), lines.collect::<String>())))
    }
}

impl Layer {
    /// Fills the rest with defaults.
    pub(crate) fn decide(self, lifetime: Lifetime) -> Outcome<Settings> {
        let mut faults = Faults::default();
        let advertise = faults.or_none(self.advertise.as_deref().map(advertise::parse).transpose());
        let origins = faults.or_none(self.origins.as_deref().map(parse_origins).transpose()).unwrap_or_default();
        let tls = faults.or_none(tls_files(self.tls_cert, self.tls_key));
        let shared = self.shared.decide(lifetime, &mut faults);
        // One who develops has a receiver beside the server. Whatever tells a server that others use makes it careful.
        let developing = tls.is_none() && advertise.is_none() && shared.database.is_none();
        let reach = faults.or_none(self.webhooks.as_deref().map(parse_reach).transpose());
        let reach = reach.unwrap_or(if developing { Reach::ThisMachine } else { Reach::Public });
        let pool_layout = faults.or_none(self.pool_layout.as_deref().map(parse_layout).transpose()).unwrap_or_default();
        if self.security.https_port.is_some() && tls.is_none() {
            faults.add(Failure::usage("--https-port needs a certificate").fix("name it with --tls-cert and --tls-key"));
        }
        let unfit = self.security.apply(&mut Config::default(), lifetime == Lifetime::Kept).err().unwrap_or_default();
        unfit.into_iter().for_each(|fault| faults.add(Failure::usage(fault)));
        faults.outcome()?;
        let (listen, port, data) = match lifetime {
            Lifetime::Kept => (
                IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                DEFAULT_PORT,
                Data::Folder(self.data.unwrap_or_else(|| default_data(config::env))),
            ),
            Lifetime::Ephemeral => (IpAddr::V4(Ipv4Addr::LOCALHOST), 0, Data::Memory),
        };
        Ok(Settings {
            lifetime,
            listen: self.listen.unwrap_or(listen),
            port: self.port.unwrap_or(port),
            data,
            journals: self.journals,
            journal_bytes: self.journal_bytes,
            pool_layout,
            plant_abort: self.plant_abort,
            advertise,
            origins,
            tls,
            games: self.games,
            reach,
            shared,
            security: self.security,
            quotas: self.quotas.unwrap_or_default(),
            log: self.log.unwrap_or_else(|| LOG.to_owned()),
        })
    }
}

fn parse_origins(text: &str) -> Outcome<AllowedOrigins> {
    text.parse().map_err(|error| {
        Failure::usage(format!("--origins: {error}"))
            .fix("`localhost` stands for pages on the browser's own machine, `*` for all pages")
    })
}

fn parse_reach(text: &str) -> Outcome<Reach> {
    match text {
        "public" => Ok(Reach::Public),
        "this-machine" => Ok(Reach::ThisMachine),
        "private" => Ok(Reach::Private),
        _ => {
            Err(Failure::usage(format!("--webhooks: {text:?} is nowhere")).fix("it is public, this-machine or private"))
        }
    }
}

fn parse_layout(text: &str) -> Outcome<PoolLayout> {
    text.parse().map_err(|error| {
        Failure::usage(format!("--pool-layout: {error}"))
            .fix("it is fast or dense; dense holds more matches, and games that work much in memory are slower")
    })
}

/// Both or none.
fn tls_files(cert: Option<PathBuf>, key: Option<PathBuf>) -> Outcome<Option<TlsFiles>> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Failure::usage("--tls-cert needs its private key").fix("name it with --tls-key FILE")),
        (None, Some(_)) => {
            Err(Failure::usage("--tls-key needs its certificate")
                .fix("name the certificate chain with --tls-cert FILE"))
        }
    }
}
