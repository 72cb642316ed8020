//! Joins the HTTP server and the gateway, which do not know one another: WebSockets come in at the one and are played on
//! at the other.

use stadion_control_plane::{Taker, UpgradeRefusal, UpgradeRequest, UpgradeResponse, Upgrades};
use stadion_host::gateway::{SocketRefusal, WebSockets};
use stadion_protocol::wire::CONNECT_PATH;

/// The gateway's WebSockets, as the HTTP server passes them on.
#[derive(Debug)]
pub(crate) struct Sockets(pub(crate) WebSockets);

impl Upgrades for Sockets {
    fn path(&self) -> &'static str {
        CONNECT_PATH
    }

    fn upgrade(&self, head: &UpgradeRequest) -> Result<(UpgradeResponse, Taker), UpgradeRefusal> {
        let granted = self.0.ask(head).map_err(|refusal| {
            let why = refusal.to_string();
            match refusal {
                SocketRefusal::NotAsked(_) => UpgradeRefusal::NotAsked(why),
                SocketRefusal::Origin(_) => UpgradeRefusal::Forbidden(why),
                SocketRefusal::Full => UpgradeRefusal::Full(why),
            }
        })?;
        let response = granted.response();
        Ok((response, Box::new(move |stream| Box::pin(granted.serve(Box::new(stream))))))
    }
}
