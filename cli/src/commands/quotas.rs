//! `stadion quotas`: what an owner of games may have and has, and changing that as the operator.

use clap::Args;
use serde_json::{Map, Value};

use super::{Context, ask};
use crate::failure::{Failure, Outcome};

/// Shows your quotas as an owner of games, or another owner's, and sets those as the operator.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion quotas                                              what you may have and have
  stadion quotas --json | jq .used
  stadion quotas p-5f1c0ad2b6e94c1d01020304                   somebody else's, as the operator
  stadion quotas p-5f1c0ad2b6e94c1d01020304 --set running_matches=200000 --set versions=50000
  stadion quotas p-5f1c0ad2b6e94c1d01020304 --reset           as everybody's

Everybody's are in the server's configuration: [quotas].")]
pub(crate) struct Quotas {
    /// The account of an owner [default: your own].
    account: Option<String>,
    /// What it may have, in place of all that was set for it before. Repeat for more.
    #[arg(long = "set", requires = "account", value_name = "NAME=NUMBER", conflicts_with = "reset")]
    set: Vec<String>,
    /// What was set for it is taken back.
    #[arg(long, requires = "account")]
    reset: bool,
}

pub(crate) fn run(args: &Quotas, context: &Context) -> Outcome {
    let api = context.api()?;
    let change = change(&args.set)?;
    let quotas = match &args.account {
        Some(account) if args.reset || !change.is_empty() => ask(api.set_quotas(account, &change))?,
        account => ask(api.quotas(account.as_deref()))?,
    };
    let quotas = serde_json::to_value(quotas).map_err(|error| Failure::failed(error.to_string()))?;
    context.out.value(&quotas);
    let rows: Vec<[String; 3]> =
        quotas["limits"].as_object().into_iter().flatten().map(|row| shown(row, &quotas)).collect();
    context.out.table(["QUOTA", "USED", "LIMIT"], &rows);
    Ok(())
}

fn shown((name, limit): (&String, &Value), quotas: &Value) -> [String; 3] {
    let used = quotas["used"].get(name).map_or_else(|| "-".to_owned(), Value::to_string);
    [name.clone(), used, limit.to_string()]
}

fn change(pairs: &[String]) -> Outcome<Map<String, Value>> {
    let pair = |text: &String| {
        let pair = text.split_once('=').and_then(|(name, number)| Some((name.to_owned(), number.parse::<u64>().ok()?)));
        let pair = pair.map(|(name, number)| (name, Value::from(number)));
        pair.ok_or_else(|| {
            Failure::usage(format!("{text:?} is not NAME=NUMBER")).fix("for example --set versions=50000")
        })
    };
    pairs.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_are_numbers() {
        assert_eq!(Value::Object(change(&["games=3".to_owned()]).unwrap()), serde_json::json!({"games": 3}));
        for bad in ["games", "games=-1", "games=many"] {
            assert!(change(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
