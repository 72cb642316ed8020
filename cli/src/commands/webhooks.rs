//! `stadion webhooks`: where the owner of a game is told what happens in it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, block_on};
use crate::api::{Delivery, WantedWebhook, Webhook};
use crate::failure::{Failure, Kind, Outcome};

/// How long the secret before signs beside a new one, hours.
const OVERLAP_HOURS: u64 = 24;

/// Makes, tests and looks after the webhooks of a game.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion webhooks list hello
  stadion webhooks create hello results https://hooks.example.com/stadion --on match.ended --on match.failed
  stadion webhooks test hello results              sends a signed ping, tells what came of it
  stadion webhooks deliveries hello results --status failed
  stadion webhooks redeliver hello results msg_5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d
  stadion webhooks rotate hello results            another secret; both sign for a day
  stadion webhooks set hello results --pause
  stadion webhooks delete hello results

Kinds: match.started, match.ended, match.failed, version.quarantined, game.report, report.filed, report.closed. Messages are
signed by the convention of Standard Webhooks; docs/webhooks.md shows how a receiver checks them. A secret is shown once.")]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    what: What,
}

/// A webhook of a game.
#[derive(Debug, Args)]
struct Which {
    /// The game.
    game: String,
    /// The webhook.
    name: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the webhooks of a game.
    List {
        /// The game.
        game: String,
    },
    /// Makes one and shows its secret, this once.
    Create {
        #[command(flatten)]
        which: Which,
        /// Where messages go: https, on a server for developing also http to its own machine.
        url: String,
        /// What it is told of; may be given several times [default: nothing: it answers the game's own calls].
        #[arg(long = "on", value_name = "KIND")]
        kinds: Vec<String>,
    },
    /// Changes one.
    Set(Set),
    /// Gives one another secret and shows it, this once.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// Hours that the present secret signs beside the new one, at most 168; 0: it got into wrong hands.
        #[arg(long, default_value_t = OVERLAP_HOURS, value_name = "HOURS")]
        overlap: u64,
    },
    /// Sends a ping and tells what came of it.
    Test(Which),
    /// Lists what one was told, the newest first.
    Deliveries {
        #[command(flatten)]
        which: Which,
        /// Those that are `pending`, `delivered` or `failed`.
        #[arg(long)]
        status: Option<String>,
    },
    /// Tells something again, now.
    Redeliver {
        #[command(flatten)]
        which: Which,
        /// As `stadion webhooks deliveries` names it.
        id: String,
    },
    /// Deletes one, with all that waits for it.
    Delete(Which),
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    which: Which,
    /// Where messages go from now on.
    #[arg(long)]
    url: Option<String>,
    /// What it is told of from now on; may be given several times.
    #[arg(long = "on", value_name = "KIND")]
    kinds: Option<Vec<String>>,
    /// Tell it, also if it was turned off because it did not answer.
    #[arg(long, conflicts_with = "pause")]
    enable: bool,
    /// Tell it nothing for now.
    #[arg(long)]
    pause: bool,
}

pub(crate) fn run(args: &Webhooks, context: &Context) -> Outcome {
    block_on(carry_out(args, context))
}

async fn carry_out(args: &Webhooks, context: &Context) -> Outcome {
    let (api, out) = (context.api()?, context.out);
    match &args.what {
        What::List { game } => list(context, &api.webhooks(game).await?),
        What::Create { which: Which { game, name }, url, kinds } => {
            let wanted = WantedWebhook { url: url.clone(), kinds: kinds.clone(), enabled: true };
            let made = api.create_webhook(game, name, &wanted).await?;
            out.value(&made);
            out.line(&made.secret);
            out.note("keep it: it is not shown again");
        }
        What::Set(set) => {
            let Which { game, name } = &set.which;
            let now = api.webhook(game, name).await?;
            let set = api.set_webhook(game, name, &changed(set, now)).await?;
            out.value(&set);
            out.line(format!("{name} is {}", set.state));
        }
        What::Rotate { which: Which { game, name }, overlap } => {
            let new = api.rotate_webhook(game, name, overlap.saturating_mul(3_600)).await?;
            out.value(&new);
            out.line(&new.secret);
            match &new.previous_secret_until {
                Some(until) => out.note(format!("keep it: it is not shown again; the one before signs until {until}")),
                None => out.note("keep it: it is not shown again; the one before signs nothing any more"),
            }
        }
        What::Test(Which { game, name }) => {
            let ping = api.test_webhook(game, name).await?;
            out.value(&ping);
            out.line(format!("{}{}", ping.status, came_of(&ping)));
            if ping.status != "delivered" {
                return Err(Failure::new(Kind::Failed, format!("{name} did not take the ping{}", came_of(&ping)))
                    .fix("is the receiver up, and does it answer with a status from 200 to 299?"));
            }
        }
        What::Deliveries { which: Which { game, name }, status } => {
            list_deliveries(context, &api.deliveries(game, name, status.as_deref()).await?);
        }
        What::Redeliver { which: Which { game, name }, id } => {
            let delivery = api.redeliver(game, name, id).await?;
            out.value(&delivery);
            out.line(format!("{id} is {}", delivery.status));
        }
        What::Delete(Which { game, name }) => {
            api.delete_webhook(game, name).await?;
            out.value(&json!({"deleted": name}));
            out.line(format!("{name} is deleted"));
        }
    }
    Ok(())
}

/// What a webhook is to be: as it is, but for what was named.
fn changed(set: &Set, now: Webhook) -> WantedWebhook {
    WantedWebhook {
        url: set.url.clone().unwrap_or(now.url),
        kinds: set.kinds.clone().unwrap_or(now.kinds),
        enabled: set.enable || (!set.pause && now.state == "enabled"),
    }
}

fn list(context: &Context, webhooks: &[Webhook]) {
    webhooks.iter().for_each(|webhook| context.out.value(webhook));
    let row = |webhook: &Webhook| {
        let state = match (&webhook.disabled_because, &webhook.failing_since) {
            (Some(because), _) => format!("{}: {because}", webhook.state),
            (None, Some(since)) => format!("{}, failing since {since}", webhook.state),
            (None, None) => webhook.state.clone(),
        };
        [webhook.name.clone(), webhook.url.clone(), webhook.kinds.join(","), state]
    };
    context.out.table(["WEBHOOK", "URL", "TOLD OF", "STATE"], &webhooks.iter().map(row).collect::<Vec<_>>());
}

fn list_deliveries(context: &Context, deliveries: &[Delivery]) {
    deliveries.iter().for_each(|delivery| context.out.value(delivery));
    let row = |delivery: &Delivery| {
        let next = delivery.next_at.clone().unwrap_or_default();
        let status = format!("{}{}", delivery.status, came_of(delivery));
        [delivery.id.clone(), delivery.kind.clone(), delivery.attempts.to_string(), status, next]
    };
    let rows: Vec<_> = deliveries.iter().map(row).collect();
    context.out.table(["DELIVERY", "KIND", "TRIES", "STATUS", "NEXT TRY"], &rows);
}

/// What came of the last try, behind a colon.
fn came_of(delivery: &Delivery) -> String {
    match (&delivery.error, delivery.code) {
        (Some(error), _) => format!(": {error}"),
        (None, Some(code)) => format!(": {code}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let set = |url: Option<&str>, enable, pause| Set {
            which: Which { game: "hello".to_owned(), name: "results".to_owned() },
            url: url.map(str::to_owned),
            kinds: None,
            enable,
            pause,
        };
        let now = |state: &str| Webhook {
            name: "results".to_owned(),
            game: "hello".to_owned(),
            url: "https://a.example".to_owned(),
            kinds: vec!["match.ended".to_owned()],
            state: state.to_owned(),
            disabled_because: None,
            failing_since: None,
            previous_secret_until: None,
        };
        for (state, enable, pause, enabled) in [
            ("enabled", false, false, true),
            ("enabled", false, true, false),
            ("disabled", false, false, false),
            ("disabled", true, false, true),
            ("paused", false, false, false),
        ] {
            let wanted = changed(&set(None, enable, pause), now(state));
            assert_eq!((wanted.enabled, wanted.url.as_str()), (enabled, "https://a.example"), "{state}");
            assert_eq!(wanted.kinds, ["match.ended"]);
        }
        assert_eq!(changed(&set(Some("https://b.example"), false, false), now("enabled")).url, "https://b.example");
    }
}
