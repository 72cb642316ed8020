//! Which variables of the environment are read.

/// Variables of the environment that begin like ours and mean nothing: a slip of the pen, most likely.
pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    const KNOWN: &[&str] = &[
        "ADVERTISE",
        "BIN",
        "BLOBS",
        "BREACHED_PASSWORDS",
        "CA",
        "CODE",
        "CONFIG",
        "CONFIG_DIR",
        "DATA",
        "DATABASE",
        "DATABASE_CONNECTIONS",
        "GAMES",
        "GAMES_DIR",
        "HTTPS_PORT",
        "JOURNALS",
        "JOURNAL_BYTES",
        "KEY",
        "KEYS",
        "LISTEN",
        "LOG",
        "NAME",
        "ORIGINS",
        "PASSWORD",
        "POOL_LAYOUT",
        "PORT",
        "REDIS",
        "REGION",
        "REPLICA_CA",
        "REPLICA_URL",
        "SERVER",
        "TLS_CERT",
        "TLS_KEY",
        "TRUSTED_PROXIES",
        "WEBHOOKS",
    ];
    names.filter(|name| name.strip_prefix("STADION_").is_some_and(|rest| !KNOWN.contains(&rest))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let names = ["STADION_PORT", "STADION_PROT", "PATH", "STADION_GAMES_DIR"].map(str::to_owned);
        assert_eq!(unknown_variables(names.into_iter()), ["STADION_PROT"]);
    }
}
