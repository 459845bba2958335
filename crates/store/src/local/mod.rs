//! The built-in directory: accounts and groups in Tenure's own database, for trying things out and for whoever has
//! no other directory. It keeps no passwords, since nobody signs in to it.

mod account;
mod batch;
mod ids;
mod refusal;
mod tables;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tenure_core::account::{Account, AccountId};
use tenure_core::attribute::{AttributeIndex, AttributeName, AttributesBuilder, Dictionary};
use tenure_core::capability;
use tenure_core::dn::Dn;
use tenure_core::document::DirectoryKind;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{
    AccountSink, Applied, Capabilities, Completeness, Directory, DirectoryError, Write,
};

use crate::database::Store;
use crate::error::StoreError;
use crate::packing::{ATTRIBUTE, Fields, VALUE, unescape};
use account::{MEMBER_OF, unique};
use batch::{Batch, Prepared};
use ids::NewIds;
use tables::{Contents, Wanted};

/// A directory in Tenure's own database. `sAMAccountName`, `userPrincipalName`, `mail` and `uid` are unique in it
/// without regard to case; groups come about when they are first named.
#[derive(Clone, Debug)]
pub struct LocalDirectory {
    store: Store,
    name: String,
    base: Dn,
}

impl LocalDirectory {
    /// The directory with this name, whose accounts are all below `base`. It need not exist yet.
    pub fn new(store: Store, name: &str, base: Dn) -> Self {
        Self {
            store,
            name: name.to_owned(),
            base,
        }
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Applied>, StoreError> {
        let prepared: Vec<Prepared<'_>> = writes.iter().map(Prepared::of).collect();
        let wanted = Wanted::of(&prepared);
        let ids = NewIds::new(Timestamp::now(), writes.len())?;
        let mut writing = self.store.write("writing to the local directory").await?;
        let known = writing.local_contents(&self.name, &wanted).await?;
        let mut batch = Batch::new(&self.base, known, ids);
        let applied = prepared
            .into_iter()
            .map(|prepared| batch.carry_out(prepared))
            .collect();
        writing.save_local(&self.name, &batch.differences()).await?;
        writing.commit().await?;
        Ok(applied)
    }

    async fn stream(&self, attributes: &Dictionary, sink: &mut dyn AccountSink) -> Result<u64, StoreError> {
        let mut reading = self.store.read("reading the local directory").await?;
        let member_of = attributes.index(MEMBER_OF);
        let groups = match member_of {
            Some(_) => reading.local_groups(&self.name).await?,
            None => HashMap::new(),
        };
        let mut assembly = Assembly {
            indices: attributes
                .names()
                .iter()
                .filter_map(|name| {
                    Some((
                        name.as_str().to_ascii_lowercase(),
                        attributes.index(name.as_str())?,
                    ))
                })
                .collect(),
            member_of,
            groups,
            builder: AttributesBuilder::new(),
        };
        let mut count = 0;
        let contents = if member_of.is_some() {
            Contents::WithGroups
        } else {
            Contents::Bare
        };
        reading
            .scan(
                tables::accounts(contents),
                &[self.name.as_str().into()],
                |fields| {
                    sink.account(assembly.account(fields)?);
                    count += 1;
                    Some(())
                },
            )
            .await?;
        Ok(count)
    }

    async fn values(&self, attributes: &[AttributeName]) -> Result<Vec<(AttributeName, String)>, StoreError> {
        let mut values = Vec::new();
        let mut others = Vec::new();
        let mut reading = self
            .store
            .read("reading the names in the local directory")
            .await?;
        for name in attributes {
            match unique(name.as_str()) {
                Some(stored) => {
                    let own = [self.name.as_str().into(), stored.into()];
                    reading
                        .scan(&tables::NAMES, &own, |fields| {
                            values.push((name.clone(), fields.escaped()?.into_owned()));
                            Some(())
                        })
                        .await?;
                }
                None => others.push(name.clone()),
            }
        }
        if !others.is_empty() {
            let dictionary = Dictionary::new(others);
            let mut accounts: Vec<Account> = Vec::new();
            self.stream(&dictionary, &mut accounts).await?;
            values.extend(
                accounts
                    .iter()
                    .flat_map(|account| account.attributes.iter())
                    .filter_map(|(index, value)| Some((dictionary.name(index)?.clone(), value.to_owned()))),
            );
        }
        Ok(values)
    }

    fn failed(&self, error: &StoreError) -> DirectoryError {
        DirectoryError {
            doing: format!("reading the local directory `{}`", self.name),
            said: error.to_string(),
            hint: String::new(),
        }
    }
}

#[async_trait]
impl Directory for LocalDirectory {
    fn capabilities(&self) -> Capabilities {
        capability::capabilities(DirectoryKind::Local, |_| false)
    }

    async fn read(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, DirectoryError> {
        let count = self
            .stream(attributes, sink)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(Completeness::Complete { count })
    }

    async fn taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, DirectoryError> {
        self.values(attributes).await.map_err(|error| self.failed(&error))
    }

    async fn apply(&self, writes: Vec<Write>) -> Vec<Applied> {
        match self.write(&writes).await {
            Ok(applied) => applied,
            Err(error) => {
                let refusal = Refusal {
                    code: String::new(),
                    message: error.to_string(),
                    hint: String::new(),
                };
                let failed = Applied {
                    outcome: Outcome::Failed(refusal),
                    account: None,
                };
                vec![failed; writes.len()]
            }
        }
    }
}

/// Puts accounts together from what the database packed.
struct Assembly {
    indices: HashMap<String, AttributeIndex>,
    member_of: Option<AttributeIndex>,
    groups: HashMap<i64, String>,
    builder: AttributesBuilder,
}

impl Assembly {
    fn account(&mut self, fields: &mut Fields<'_>) -> Option<Account> {
        let id = AccountId::new(fields.text()?);
        let dn = Dn::from_server(&fields.escaped()?);
        let access = account::access(fields.text()?)?;
        for attribute in fields.text()?.split(ATTRIBUTE) {
            let mut parts = attribute.split(VALUE);
            if let Some(index) = parts.next().and_then(|name| self.indices.get(name)) {
                for value in parts {
                    self.builder.push(*index, &unescape(value));
                }
            }
        }
        if let Some(member_of) = self.member_of {
            for number in fields.text()?.split(',').filter(|number| !number.is_empty()) {
                self.builder
                    .push(member_of, self.groups.get(&number.parse().ok()?)?);
            }
        }
        Some(Account {
            id,
            dn,
            access,
            attributes: self.builder.finish(),
        })
    }
}
