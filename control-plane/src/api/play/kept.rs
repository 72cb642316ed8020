//! Seats that a creator keeps for others: who they are, and that they hear of it.

use std::time::Duration;

use serde::Deserialize;
use stadion_protocol::PlayerId;
use stadion_protocol::contract::PlayerInfo;

use crate::App;
use crate::accounts::Caller;
use crate::http::Problem;
use crate::lobby::{PartyError, PlayerEvent};
use crate::matches::{KeptFor, Order};

/// Players for whom one match keeps seats, at most.
pub(super) const MOST_KEPT: usize = 64;

/// For whom a creator wants seats kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptSeats {
    /// Account ids, or names that they sign in with.
    pub(super) players: Vec<String>,
    /// Everybody in the creator's party.
    pub(super) party: bool,
    pub(super) within: Duration,
}

/// Those who are told.
pub(super) struct ToTell(Vec<PlayerId>);

/// Puts the players into the order: each once, and never the creator. Answers who hears of it: those in its party and its
/// friends. Strangers get the code from the creator, if at all.
pub(super) async fn keep(
    app: &App,
    caller: &Caller,
    wanted: Option<KeptSeats>,
    order: &mut Order,
) -> Result<ToTell, Problem> {
    let (Some(wanted), Order::Create(order)) = (wanted, order) else { return Ok(ToTell(Vec::new())) };
    let mut kept: Vec<PlayerInfo> = Vec::new();
    let mut told = Vec::new();
    let mut add = |id: PlayerId, name: String| {
        if id != caller.account && kept.iter().all(|player| player.id != id) {
            kept.push(PlayerInfo { id, name, team: 0, bot: false, data: Vec::new() });
        }
    };
    if wanted.party {
        let party = app.lobby.party_of(&caller.account).await?.ok_or(PartyError::None)?;
        for member in party.members() {
            add(member.player.clone(), member.name.clone());
            told.push(member.player.clone());
        }
    }
    let friends = if wanted.players.is_empty() {
        Vec::new()
    } else {
        app.store.friends(&caller.account, crate::api::friends::FRIENDS).await?
    };
    for name in &wanted.players {
        let player = app.lobby.account_named(name).await?;
        if friends.iter().any(|friend| friend.mutual() && friend.account.id == player.id) {
            told.push(player.id.clone());
        }
        add(player.id, player.name.as_str().to_owned());
    }
    told.retain(|player| *player != caller.account);
    told.sort_unstable();
    told.dedup();
    order.kept = KeptFor { players: kept, within: wanted.within };
    Ok(ToTell(told))
}

/// What an answer says of its match.
#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "match")]
    of: Of,
    game: String,
}

#[derive(Deserialize)]
struct Of {
    id: String,
    code: String,
}

impl ToTell {
    /// Tells them of the match in an answer to its creator.
    pub(super) async fn tell(self, app: &App, caller: &Caller, answer: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        let Ok(Answered { of, game }) = serde_json::from_slice(answer) else { return };
        let (by, name) = (caller.account.to_string(), caller.name.as_str().to_owned());
        app.lobby.tell_all(&self.0, &PlayerEvent::SeatKept { of: of.id, code: of.code, game, by, name }).await;
    }
}
