//! `stadion friends`: who one plays with, and whom one does not want to meet.

use clap::{Args, Subcommand};

use super::{Context, block_on};
use crate::account::signed_in;
use crate::failure::Outcome;

/// Lists friends, adds and removes them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion friends                        with those who ask and who were asked
  stadion friends add bob                asks bob, or says yes to him
  stadion friends remove bob
  stadion friends block eve              no queue brings you together
  stadion friends unblock eve

Needs an account: `stadion account register NAME`.")]
pub(crate) struct Friends {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Asks a player, or says yes to one who asked.
    Add {
        /// By name or account id.
        player: String,
    },
    /// Removes a friend, or says no.
    Remove {
        /// By name or account id.
        player: String,
    },
    /// Does not want to meet a player.
    Block {
        /// By name or account id.
        player: String,
    },
    /// Does not mind any more.
    Unblock {
        /// By name or account id.
        player: String,
    },
}

pub(crate) fn run(args: &Friends, context: &Context) -> Outcome {
    block_on(async {
        let (_, api) = signed_in(context).await?;
        match &args.what {
            None => {}
            Some(What::Add { player }) => drop(api.add_friend(player).await?),
            Some(What::Remove { player }) => api.remove_friend(player).await?,
            Some(What::Block { player }) => return Ok(api.block(player).await?),
            Some(What::Unblock { player }) => return Ok(api.unblock(player).await?),
        }
        let friends = api.friends().await?;
        for friend in &friends {
            context.out.value(friend);
        }
        if friends.is_empty() {
            context.out.note("no friends yet; `stadion friends add NAME` asks one");
            return Ok(());
        }
        let rows: Vec<[String; 3]> = friends
            .into_iter()
            .map(|friend| [friend.name, friend.state, if friend.online { "online" } else { "" }.to_owned()])
            .collect();
        context.out.table(["NAME", "STATE", ""], &rows);
        Ok(())
    })
}
