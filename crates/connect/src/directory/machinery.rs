//! A directory of accounts over LDAP: the pool, the rules of its kind, and the seam that the domain knows.

use std::sync::Arc;

use async_trait::async_trait;
use tenure_core::attribute::{AttributeName, Dictionary};
use tenure_core::dn::Dn;
use tenure_core::seams::{
    AccountRef, AccountSink, Applied, Capabilities, Completeness, Directory, DirectoryError, Protected,
    StoredObject, Write,
};
use tenure_core::watching::{ChangeSink, Changes, Cookie, Standing};
use tokio::sync::OnceCell;

use super::read::Stand;
use super::rules::Rules;
use super::scope::{Exclusions, Test};
use super::settings::DirectorySettings;
use crate::ldap::{Connection, Doing, Filter, LdapError, LdapSettings, Pool, ResultCode, Search};

/// Accounts in a directory that speaks LDAP, by the rules of its kind.
#[derive(Debug)]
pub struct LdapAccounts<R> {
    pub(super) pool: Pool,
    /// The forest's global catalog, where it is asked which names are taken.
    pub(super) catalog: Option<Pool>,
    pub(super) base: Dn,
    pub(super) user_filter: Option<Filter>,
    pub(super) rules: R,
    /// What within the base is left alone.
    pub(super) exclusions: Exclusions,
    pub(super) tests: OnceCell<Vec<Test>>,
    root: OnceCell<Root>,
}

impl<R> LdapAccounts<R> {
    /// A directory with these settings; nothing is connected to yet. Fails when the trusted authorities cannot be read.
    pub fn new(settings: DirectorySettings, rules: R) -> Result<Self, LdapError> {
        let DirectorySettings {
            ldap,
            base,
            user_filter,
        } = settings;
        Ok(Self {
            pool: Pool::new(ldap)?,
            catalog: None,
            base,
            user_filter,
            rules,
            exclusions: Exclusions::default(),
            tests: OnceCell::new(),
            root: OnceCell::new(),
        })
    }

    /// And with a global catalog that is asked which names are taken. Fails when the trusted authorities cannot be read.
    pub fn asking(mut self, catalog: LdapSettings) -> Result<Self, LdapError> {
        self.catalog = Some(Pool::new(catalog)?);
        Ok(self)
    }

    /// And with this left alone.
    #[must_use]
    pub fn excluding(mut self, exclusions: Exclusions) -> Self {
        self.exclusions = exclusions;
        self
    }
}

/// What a server says of itself.
#[derive(Debug)]
struct Root {
    context: Dn,
    is_openldap: bool,
}

impl<R: Rules> LdapAccounts<R> {
    /// The naming context that names have to be unique in.
    pub(super) async fn naming_context(&self, connection: &mut Connection) -> Result<&Dn, LdapError> {
        Ok(&self.root(connection).await?.context)
    }

    /// Whether the server finds objects by the attribute with their name without looking at all others: OpenLDAP does,
    /// and no server says so. When it cannot be asked, it is not taken for one that does.
    pub(super) async fn finds_by_name(&self, connection: &mut Connection) -> bool {
        let root = self.root(connection).await;
        root.is_ok_and(|root| root.is_openldap)
    }

    /// Asked for once.
    async fn root(&self, connection: &mut Connection) -> Result<&Root, LdapError> {
        let ask = async {
            let names = ["defaultNamingContext", "namingContexts", "objectClass"]
                .map(str::to_owned)
                .to_vec();
            let reply = connection.ask(Search::object("", names).into()).await?;
            if reply.result.code != ResultCode::SUCCESS {
                return Err(LdapError::refused(connection.server(), Doing::Read, reply.result));
            }
            let root = reply.entries.into_iter().next().unwrap_or_default();
            let classes = root.values("objectClass");
            Ok(Root {
                context: self.rules.naming_context(&root, &self.base),
                is_openldap: classes.iter().any(|class| class == b"OpenLDAProotDSE"),
            })
        };
        self.root.get_or_try_init(|| ask).await
    }
}

#[async_trait]
impl<R: Rules> Directory for LdapAccounts<R> {
    fn capabilities(&self) -> Capabilities {
        self.rules.capabilities()
    }

    async fn read(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, DirectoryError> {
        let doing = || format!("reading the accounts below `{}`", self.base);
        let (completeness, _) = self
            .read_accounts(attributes, Stand::Untold, sink)
            .await
            .map_err(|error| error.while_doing(doing()))?;
        Ok(completeness)
    }

    async fn read_and_stand(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<(Completeness, Standing), DirectoryError> {
        let doing = || format!("reading the accounts below `{}`", self.base);
        let (completeness, standing) = self
            .read_accounts(attributes, Stand::Told, sink)
            .await
            .map_err(|error| error.while_doing(doing()))?;
        let unknown = || Standing::Unknown { why: String::new() };
        Ok((completeness, standing.unwrap_or_else(unknown)))
    }

    async fn changes(
        &self,
        since: &Cookie,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, DirectoryError> {
        self.read_changes(since, attributes, sink)
            .await
            .map_err(|error| error.while_doing(format!("reading what changed below `{}`", self.base)))
    }

    async fn taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, DirectoryError> {
        self.read_taken(attributes)
            .await
            .map_err(|error| error.while_doing("reading which names are taken"))
    }

    async fn protected(&self) -> Result<Vec<Protected>, DirectoryError> {
        self.read_protected()
            .await
            .map_err(|error| error.while_doing("reading which accounts are to be left alone"))
    }

    async fn copies(&self, accounts: &[AccountRef]) -> Result<Vec<Option<StoredObject>>, DirectoryError> {
        self.read_copies(accounts)
            .await
            .map_err(|error| error.while_doing("copying accounts before they are deleted"))
    }

    async fn apply(&self, writes: Vec<Write>) -> Vec<Applied> {
        self.apply_all(writes).await
    }
}
