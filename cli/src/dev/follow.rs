//! What matches of the game do, told as it happens: who comes and goes, how they end.

use std::collections::BTreeMap;

use serde_json::json;

use super::say;
use crate::api::{Api, MatchInfo};
use crate::failure::Failure;
use crate::output::Output;

/// Matches that are remembered; the newest page of the listing holds no more.
const REMEMBERED: usize = 100;

/// Remembers what was told.
pub(super) struct Follower {
    game: String,
    /// By match: who sits where and how, and whether it is over.
    known: BTreeMap<String, MatchInfo>,
    /// The server was not heard the last time.
    lost: bool,
    /// Nothing was told yet: what ended before is no news.
    fresh: bool,
}

impl Follower {
    pub(super) fn new(game: &str) -> Follower {
        Follower { game: game.to_owned(), known: BTreeMap::new(), lost: false, fresh: true }
    }

    /// Looks, and tells what is new.
    pub(super) async fn look(&mut self, api: &Api, out: Output) {
        let matches = match api.newest_matches(&self.game, REMEMBERED).await {
            Ok(matches) => matches,
            Err(failure) => {
                if !std::mem::replace(&mut self.lost, true) {
                    out.note(format!("{}", Failure::from(failure)));
                }
                return;
            }
        };
        self.lost = false;
        for line in self.news(matches) {
            out.value(&line.value);
            out.line(line.text);
        }
    }

    fn news(&mut self, matches: Vec<MatchInfo>) -> Vec<News> {
        let mut news = Vec::new();
        let mut known = BTreeMap::new();
        for info in matches.into_iter().rev() {
            let before = self.known.remove(&info.id);
            let old = before.is_none() && (self.fresh && info.end.is_some());
            if !old {
                news.extend(between(before.as_ref(), &info));
            }
            known.insert(info.id.clone(), info);
        }
        self.known = known;
        self.fresh = false;
        news
    }
}

/// Something to tell.
#[derive(Debug)]
struct News {
    text: String,
    value: serde_json::Value,
}

fn between(before: Option<&MatchInfo>, now: &MatchInfo) -> Vec<News> {
    let presence = |seat: u16| {
        let seats = before.map(|before| before.seats.as_slice()).unwrap_or_default();
        seats.iter().find(|one| one.seat == seat).map(|one| one.presence.as_str())
    };
    let mut news: Vec<News> = Vec::new();
    for seat in now.seats.iter().filter(|seat| presence(seat.seat) != Some(seat.presence.as_str())) {
        let did = match (presence(seat.seat), seat.presence.as_str()) {
            (Some("disconnected"), "connected") => "is back",
            (_, "connected") => "joined",
            (_, "disconnected") => "lost the connection",
            (_, "left") => "left",
            _ => continue,
        };
        let (name, bot) = (&seat.player.name, if seat.player.bot { " (bot)" } else { "" });
        news.push(News {
            text: format!("{:<10} seat {} {name}{bot} {did}", say::name(now), seat.seat),
            value: json!({"event": "seat", "match": now.id, "seat": seat.seat, "name": name, "presence": seat.presence}),
        });
    }
    if let Some(end) = now.end.as_ref().filter(|_| before.is_none_or(|before| before.end.is_none())) {
        let name = before.map_or_else(|| say::name(now), say::name);
        news.push(News {
            text: format!("{name:<10} {}{}   replay: stadion replay {}", end.message, won(now), now.id),
            value: json!({"event": "ended", "match": now.id, "kind": end.kind, "message": end.message}),
        });
    }
    news
}

fn won(info: &MatchInfo) -> String {
    let placings = info.results.iter().flat_map(|results| &results.placings);
    let first: Vec<String> = placings.filter(|place| place.rank == 1).map(|place| place.seat.to_string()).collect();
    match first.as_slice() {
        [] => String::new(),
        [seat] => format!(", seat {seat} won"),
        seats => format!(", seats {} share the first place", seats.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(presence: &str, end: Option<&str>) -> MatchInfo {
        let mut info = json!({
            "id": "01h455vb4pex5vsknk084sn02q", "code": "KBQT", "game": "hello", "version": "3f9c", "state": "running",
            "seats": [{"seat": 0, "player": {"id": "p", "name": "ada"}, "presence": presence}], "seat_count": 2,
        });
        if let Some(kind) = end {
            info["end"] = json!({"kind": kind, "message": kind});
            info["results"] =
                json!({"placings": [{"seat": 1, "rank": 1, "score": 3}, {"seat": 0, "rank": 2, "score": 0}]});
        }
        serde_json::from_value(info).unwrap()
    }

    #[test]
    fn what_players_do_is_told_once() {
        let mut follower = Follower::new("hello");
        let mut told = |presence: &str, end: Option<&str>| {
            follower.news(vec![info(presence, end)]).into_iter().map(|news| news.text).collect::<Vec<_>>()
        };
        assert_eq!(told("reserved", None), Vec::<String>::new());
        assert_eq!(told("connected", None), ["KBQT       seat 0 ada joined"]);
        assert_eq!(told("connected", None), Vec::<String>::new());
        assert_eq!(told("disconnected", None), ["KBQT       seat 0 ada lost the connection"]);
        assert_eq!(told("connected", None), ["KBQT       seat 0 ada is back"]);
        let ended = told("connected", Some("finished"));
        assert_eq!(ended, ["KBQT       finished, seat 1 won   replay: stadion replay 01h455vb4pex5vsknk084sn02q"]);
    }

    #[test]
    fn what_was_over_before_is_no_news() {
        assert!(Follower::new("hello").news(vec![info("left", Some("finished"))]).is_empty());
    }
}
