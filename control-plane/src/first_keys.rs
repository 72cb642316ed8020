//! The keys that a server makes for whoever runs it, before anybody can sign in.

use crate::model::Role;
use crate::{ControlPlane, KeyError};

impl ControlPlane {
    /// Makes a developer's account with a key (`dev-` and 32 hexadecimal digits) and answers the key: it is shown this
    /// once, and kept as a hash.
    pub async fn create_developer_key(&self, name: &str) -> Result<String, KeyError> {
        Ok(self.app.accounts.create_key(name.parse()?, Role::Developer).await?)
    }

    /// The same with the role operator: whoever has the key may do everything.
    pub async fn create_operator_key(&self, name: &str) -> Result<String, KeyError> {
        Ok(self.app.accounts.create_key(name.parse()?, Role::Operator).await?)
    }

    /// The bundles of this key's owner are the server's own from now on: shown beside its start page, at every address.
    /// For the developer whose machine this is; a key that is not good changes nothing.
    pub async fn keep_at_home(&self, key: &str) {
        if let Ok(caller) = self.app.accounts.authenticate(key).await {
            self.app.home.let_in(caller.account);
        }
    }

    /// Whether a key is good.
    pub async fn accepts_key(&self, key: &str) -> bool {
        self.app.accounts.authenticate(key).await.is_ok()
    }
}
