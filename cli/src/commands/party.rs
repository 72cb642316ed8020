//! `stadion party`: players who search together.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, block_on};
use crate::account::signed_in;
use crate::api::{Api, Party};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Forms a party to search with.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion party new                      a party of one; its code is a link for friends
  stadion party invite bob               by name
  stadion party invitations              who asks; then `stadion party accept PARTY`
  stadion party join KBQTWXZR            by code
  stadion party                          who is in it, who is ready
  stadion search bomberman duel          the leader begins; `stadion search` says that a member is ready, and follows

Needs an account: `stadion account register NAME`.")]
pub(crate) struct PartyArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes a party of one.
    New,
    /// Asks a player in.
    Invite {
        /// By name or account id.
        player: String,
    },
    /// Lists the parties that one was asked into.
    Invitations,
    /// Comes, where one was asked.
    Accept {
        /// The party's id [default: the only invitation].
        party: Option<String>,
    },
    /// Does not come.
    Decline {
        /// The party's id.
        party: String,
    },
    /// Comes by a code.
    Join {
        /// The party's code.
        code: String,
    },
    /// Goes.
    Leave,
    /// Has a member go, as its leader.
    Kick {
        /// A member's name.
        member: String,
    },
    /// Lets another member lead.
    Lead {
        /// A member's name.
        member: String,
    },
    /// Is ready to search.
    Ready,
    /// Is not ready any more; ends a search.
    NotReady,
}

pub(crate) fn run(args: &PartyArgs, context: &Context) -> Outcome {
    block_on(async {
        let (_, api) = signed_in(context).await?;
        let party = match &args.what {
            None => api.party().await?,
            Some(What::New) => api.new_party().await?,
            Some(What::Invite { player }) => api.invite(player).await?,
            Some(What::Invitations) => return invitations(&api, context.out).await,
            Some(What::Accept { party }) => accept(&api, party.as_deref()).await?,
            Some(What::Join { code }) => api.join_party(&json!({ "code": code })).await?,
            Some(What::Lead { member }) => api.hand_over(&id_of(&api, member).await?).await?,
            Some(What::Ready) => api.set_ready(true).await?,
            Some(What::NotReady) => api.set_ready(false).await?,
            Some(What::Kick { member }) => {
                api.remove_member(&id_of(&api, member).await?).await?;
                api.party().await?
            }
            Some(What::Decline { party }) => {
                api.decline(party).await?;
                context.out.note("declined");
                return Ok(());
            }
            Some(What::Leave) => {
                api.remove_member("me").await?;
                context.out.note("left the party");
                return Ok(());
            }
        };
        show(&party, context.out);
        Ok(())
    })
}

async fn invitations(api: &Api, out: Output) -> Outcome {
    let open = api.invitations().await?;
    for invitation in &open {
        out.value(invitation);
    }
    if open.is_empty() {
        out.note("nobody asks");
        return Ok(());
    }
    let rows: Vec<[String; 3]> = open.into_iter().map(|open| [open.party, open.name, open.until]).collect();
    out.table(["PARTY", "FROM", "UNTIL"], &rows);
    Ok(())
}

async fn accept(api: &Api, party: Option<&str>) -> Outcome<Party> {
    let only = match party {
        Some(party) => party.to_owned(),
        None => match &api.invitations().await?[..] {
            [only] => only.party.clone(),
            [] => return Err(Failure::not_found("nobody asks")),
            _ => return Err(Failure::usage("several ask").fix("name one: `stadion party invitations` lists them")),
        },
    };
    Ok(api.join_party(&json!({ "party": only })).await?)
}

/// A member's account id by its name.
async fn id_of(api: &Api, name: &str) -> Outcome<String> {
    let party = api.party().await?;
    let member =
        party.members.into_iter().find(|member| member.name.eq_ignore_ascii_case(name) || member.player == name);
    member.map(|member| member.player).ok_or_else(|| Failure::not_found(format!("{name} is not in the party")))
}

/// A party for people and programs.
fn show(party: &Party, out: Output) {
    out.value(party);
    for line in described(party) {
        out.line(line);
    }
}

fn described(party: &Party) -> Vec<String> {
    let mut lines = vec![format!("party {}   code {}", party.phase, party.code)];
    for member in &party.members {
        let leads = if member.player == party.leader { "  leads" } else { "" };
        let ready = if member.ready { "  ready" } else { "" };
        let away = if member.away { "  away" } else { "" };
        lines.push(format!("  {}{leads}{ready}{away}", member.name));
    }
    if !party.invitations.is_empty() {
        lines.push(format!("  {} invited", party.invitations.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_shows_who_leads_and_who_is_ready() {
        let party: Party = serde_json::from_value(json!({
            "id": "0000000000000000000000000a", "code": "KBQTWXZR", "leader": "p-1", "phase": "gathering",
            "members": [{"player": "p-1", "name": "ann", "ready": true, "away": false},
                        {"player": "p-2", "name": "bob", "ready": false, "away": true}],
            "invitations": [{"player": "p-3", "by": "p-1", "until": "2026-11-20T10:01:00Z"}]
        }))
        .unwrap();
        assert_eq!(
            described(&party),
            ["party gathering   code KBQTWXZR", "  ann  leads  ready", "  bob  away", "  1 invited"]
        );
    }
}
