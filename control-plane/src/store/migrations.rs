//! Schemas: explicit lists of changes, applied in their order, each once and whole, forward only.
//!
//! **Invariant.** What has been released is never edited: a database remembers each change that it has had by its checksum,
//! and refuses a server that knows it otherwise. One that has had changes this server does not know is refused too: an
//! older server would write rows that the newer schema does not mean.

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::StoreError;

/// Number, name and statements of a change.
pub(super) type Change = (i64, &'static str, &'static str);

/// What applies these changes.
pub(super) fn migrator(changes: &[Change]) -> Migrator {
    let migrations = changes.iter().map(|&(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Why changes were not applied, and what to do.
pub(super) fn refusal(error: &MigrateError, changes: &[Change]) -> StoreError {
    let newest = changes.last().map_or(0, |&(number, ..)| number);
    match error {
        MigrateError::VersionMissing(number) if *number > newest => StoreError::Schema(format!(
            "its schema has change {number}, and this stadion knows {newest}: run the stadion that made it or a newer one, \
             or restore a backup from before that"
        )),
        MigrateError::VersionMissing(number) | MigrateError::VersionMismatch(number) => StoreError::Schema(format!(
            "change {number} of its schema is not the one that this stadion knows: it was made by a build that was never \
             released; start with an empty database, or restore a backup"
        )),
        MigrateError::ExecuteMigration(error, number) => {
            StoreError::Unavailable(format!("change {number} of the schema: {error}"))
        }
        other => StoreError::Unavailable(format!("bringing the schema up to date: {other}")),
    }
}
