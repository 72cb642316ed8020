//! `[quotas]` of a configuration file: what each owner of games may have.

use stadion_control_plane::model::QuotaOverride;
use toml::Value;

/// The keys, for whoever has written another.
const KEYS: &str = "games, versions, stored-bytes, running-matches, matches-a-minute, cpu-seconds-a-day";

/// Reads the table.
pub(super) fn read(value: &Value) -> Result<QuotaOverride, String> {
    let table = value.as_table().ok_or("must be a table: [quotas]")?;
    let mut quotas = QuotaOverride::default();
    for (key, value) in table {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let number = number.ok_or_else(|| format!("{key} must be a whole number, 0 or more"))?;
        let count = || u32::try_from(number).map_err(|_| format!("{key} is at most {}", u32::MAX));
        match key.as_str() {
            "games" => quotas.games = Some(count()?),
            "versions" => quotas.versions = Some(count()?),
            "stored-bytes" => quotas.stored_bytes = Some(number),
            "running-matches" => quotas.running_matches = Some(count()?),
            "matches-a-minute" => quotas.matches_a_minute = Some(count()?),
            "cpu-seconds-a-day" => quotas.cpu_seconds_a_day = Some(number),
            _ => return Err(format!("unknown key {key}; known are {KEYS}")),
        }
    }
    Ok(quotas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_whole_numbers_by_known_names() {
        let table = |text: &str| Value::Table(text.parse().unwrap());
        let quotas = read(&table("games = 3\nstored-bytes = 10000000000\n")).unwrap();
        assert_eq!((quotas.games, quotas.stored_bytes, quotas.versions), (Some(3), Some(10_000_000_000), None));
        for (bad, wanted) in
            [("gmaes = 3", "known are games"), ("games = -1", "whole number"), ("games = \"3\"", "games")]
        {
            assert!(read(&table(bad)).unwrap_err().contains(wanted), "{bad}");
        }
    }
}
