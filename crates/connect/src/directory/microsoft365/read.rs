//! Reading: every user page by page, with groups, manager and licences where they are asked for, and values that are
//! taken.

use std::collections::HashMap;
use std::sync::Arc;

use tenure_core::account::Account;
use tenure_core::attribute::{AttributeIndex, AttributeName, AttributesBuilder, Dictionary};
use tenure_core::microsoft365::{Form, Property, account_dn, property};
use tenure_core::seams::{AccountSink, Completeness};

use super::Microsoft365;
use super::fault::Fault;
use super::groups::Memberships;
use super::licences::Subscriptions;
use super::service::{Consistency, encoded};
use super::user::{Select, User};

/// Users a page, which is the most that Graph gives.
const PAGE: u32 = 999;

/// How users become accounts.
pub(super) struct Columns {
    properties: Vec<(AttributeIndex, &'static Property)>,
    pub(super) memberships: Memberships,
    pub(super) subscriptions: Subscriptions,
    /// Managers by user, where they do not come with the user.
    pub(super) managers: Option<HashMap<String, String>>,
    builder: AttributesBuilder,
}

impl Columns {
    pub(super) fn new(dictionary: &Dictionary) -> Self {
        let columns = (0u16..).zip(dictionary.names());
        Self {
            properties: columns
                .filter_map(|(at, name)| Some((AttributeIndex(at), property(name)?)))
                .collect(),
            memberships: Memberships::new(),
            subscriptions: Subscriptions::default(),
            managers: None,
            builder: AttributesBuilder::new(),
        }
    }

    /// A user as an account.
    pub(super) fn account(&mut self, user: &User) -> Account {
        for (index, property) in &self.properties {
            match (property.form, &self.managers) {
                (Form::Groups, _) => {
                    let groups = self.memberships.get(user.id.as_str()).into_iter().flatten();
                    // However they were read, they come in the same order.
                    let mut groups: Vec<&Arc<str>> = groups.collect();
                    groups.sort_unstable();
                    for group in groups {
                        self.builder.push(*index, group);
                    }
                }
                (Form::Licences, _) => {
                    for licence in self.subscriptions.of(user) {
                        self.builder.push(*index, &licence.to_string());
                    }
                }
                (Form::Account, Some(managers)) => {
                    if let Some(manager) = managers.get(user.id.as_str()) {
                        self.builder.push(*index, account_dn(manager).as_str());
                    }
                }
                _ => {
                    for value in user.values(property) {
                        self.builder.push(*index, &value);
                    }
                }
            }
        }
        Account {
            id: user.id.clone(),
            dn: user.dn(),
            access: user.access,
            attributes: self.builder.finish(),
        }
    }
}

impl Microsoft365 {
    pub(super) async fn read_accounts(
        &self,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, Fault> {
        let select = Select::of(dictionary.names());
        let mut columns = Columns::new(dictionary);
        if select.groups {
            columns.memberships = self.read_memberships().await?;
        }
        if select.licences {
            columns.subscriptions = self.read_subscriptions().await?;
        }
        let advanced = self.settings.is_advanced();
        let consistency = if advanced {
            Consistency::Eventual
        } else {
            Consistency::Usual
        };
        // What comes from the index comes without other objects.
        let query = if advanced && select.manager {
            columns.managers = Some(self.read_managers().await?);
            select.without_manager()
        } else {
            select.query()
        };
        let mut address = format!("/users?{query}&$top={PAGE}");
        if let Some(filter) = self.settings.user_filter() {
            address = format!("{address}&$filter={}", encoded(&filter));
        }
        if advanced {
            address.push_str("&$count=true");
        }
        let (mut count, mut unknown) = (0u64, 0u64);
        self.service
            .list(&address, consistency, |record| match User::read(record) {
                Some(user) => {
                    count += 1;
                    sink.account(columns.account(&user));
                }
                None => unknown += 1,
            })
            .await?;
        Ok(if unknown == 0 {
            Completeness::Complete { count }
        } else {
            Completeness::Incomplete {
                count,
                why: format!("{unknown} users show no `id` or `userPrincipalName`"),
            }
        })
    }

    async fn read_managers(&self) -> Result<HashMap<String, String>, Fault> {
        let mut managers = HashMap::new();
        let address = format!("/users?$select=id&$expand=manager($select=id,userPrincipalName)&$top={PAGE}");
        self.service
            .list(&address, Consistency::Usual, |record| {
                let manager = record["manager"]["userPrincipalName"].as_str();
                if let (Some(id), Some(manager)) = (record["id"].as_str(), manager) {
                    managers.insert(id.to_owned(), manager.to_owned());
                }
            })
            .await?;
        Ok(managers)
    }

    /// The values that users have, of whatever kind they are, and names that deleted users would come back with.
    pub(super) async fn read_taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, Fault> {
        let mut taken = Vec::new();
        if attributes.is_empty() {
            return Ok(taken);
        }
        let wanted: Vec<(&AttributeName, &'static Property)> = attributes
            .iter()
            .filter_map(|name| Some((name, property(name)?)))
            .collect();
        let query = Select::of(attributes.iter()).without_manager();
        for list in ["/users", "/directory/deletedItems/microsoft.graph.user"] {
            let address = format!("{list}?{query}&$top={PAGE}");
            self.service
                .list(&address, Consistency::Usual, |record| {
                    let Some(user) = User::read(record) else { return };
                    for (name, property) in &wanted {
                        let values = user.values(property).into_iter();
                        taken.extend(values.map(|value| ((*name).clone(), value)));
                    }
                })
                .await?;
        }
        Ok(taken)
    }
}
