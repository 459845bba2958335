//! Changes of accounts: who changed since a place in the tenant's history, and what those accounts are like now.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value as Json;
use tenure_core::account::AccountId;
use tenure_core::attribute::Dictionary;
use tenure_core::seams::{AccountSink, Completeness};
use tenure_core::watching::{AccountChange, ChangeSink, Changes, Cookie, Standing};

use super::Microsoft365;
use super::batch::{Answer, Part};
use super::delta::Place;
use super::fault::Fault;
use super::groups::{KINDS, can_be_changed, group_dn};
use super::read::Columns;
use super::service::{Consistency, encoded, next_link, rows};
use super::user::{Select, User};

impl Microsoft365 {
    /// Reads everything, and says where the tenant stood before.
    pub(super) async fn read_standing(
        &self,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<(Completeness, Standing), Fault> {
        let standing = match self.stand(dictionary).await? {
            Ok(cookie) => Standing::At(cookie),
            Err(why) => Standing::Unknown { why },
        };
        Ok((self.read_accounts(dictionary, sink).await?, standing))
    }

    async fn stand(&self, dictionary: &Dictionary) -> Result<Result<Cookie, String>, Fault> {
        if self.settings.judged().is_none() {
            let why = "by a `filter` of its own users come and go without being told of".to_owned();
            return Ok(Err(why));
        }
        let unkept = || "the place in the tenant's history cannot be kept".to_owned();
        Ok(match self.place(dictionary).await? {
            Ok(place) => place.cookie().ok_or_else(unkept),
            Err(why) => Err(why),
        })
    }

    /// Reads what changed.
    pub(super) async fn read_changes(
        &self,
        since: &Cookie,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, Fault> {
        let again = |why: &str| Ok(Changes::ReadAgain { why: why.to_owned() });
        let Some(place) = Place::of(since) else {
            return again("what was kept of the last reading cannot be read");
        };
        if place.whom != self.settings.whom() {
            return again("other users are asked for than before");
        }
        let (told, next) = match self.told(&place).await? {
            Ok(told) => told,
            Err(why) => return again(&why),
        };
        let Some(next) = next.cookie() else {
            return again("the place in the tenant's history cannot be kept");
        };
        let mut users = told.users;
        if !told.made.is_empty() {
            users.extend(self.members_of_namesakes(&told.made).await?);
        }
        let users: Vec<String> = users.into_iter().collect();
        self.look_at(&users, dictionary, sink).await?;
        Ok(Changes::All { next })
    }

    /// Who is in new groups, and in those that share a name with one: they are called otherwise from now on.
    async fn members_of_namesakes(&self, made: &[(String, String)]) -> Result<BTreeSet<String>, Fault> {
        let names: BTreeSet<String> = made.iter().map(|(_, name)| name.to_lowercase()).collect();
        let mut groups: BTreeSet<String> = BTreeSet::new();
        for namesakes in self.groups_called(&names).await?.into_values() {
            groups.extend(namesakes);
        }
        let groups: Vec<String> = groups.into_iter().collect();
        let members = self.members_of(&groups).await?;
        Ok(members.into_iter().flatten().flatten().collect())
    }

    /// Tells what these users are like now.
    async fn look_at(
        &self,
        users: &[String],
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<(), Fault> {
        let select = Select::of(dictionary.names()).and(["userType"]);
        let mut columns = Columns::new(dictionary);
        if select.groups {
            columns.memberships = self.memberships_of(users).await?;
        }
        if select.licences && !users.is_empty() {
            columns.subscriptions = self.read_subscriptions().await?;
        }
        let query = select.query();
        let judged = self.settings.judged();
        let asked = users.iter().map(|id| format!("/users/{}?{query}", encoded(id)));
        for (id, answer) in users.iter().zip(self.ask(asked).await) {
            let user = match answer {
                Ok(record) => User::read(record).ok_or_else(|| Fault::unreadable("a user shows no `id`"))?,
                Err(fault) if fault.is_missing() => {
                    sink.change(AccountChange::Gone(AccountId::new(id)));
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let is_one = judged.as_ref().is_some_and(|judged| judged.takes(&user));
            sink.change(if is_one {
                AccountChange::Is(columns.account(&user))
            } else {
                AccountChange::Gone(user.id)
            });
        }
        Ok(())
    }

    /// The groups of these users, by the names that a reading of everything gives them.
    async fn memberships_of(&self, users: &[String]) -> Result<HashMap<String, Vec<Arc<str>>>, Fault> {
        let asked = users.iter().map(|id| {
            let id = encoded(id);
            format!("/users/{id}/memberOf/microsoft.graph.group?$select={KINDS}&$top=999")
        });
        let mut groups: Vec<(&String, Json)> = Vec::new();
        for (id, answer) in users.iter().zip(self.ask(asked).await) {
            let mut page = match answer {
                Ok(page) => page,
                Err(fault) if fault.is_missing() => continue,
                Err(fault) => return Err(fault),
            };
            let mut add = |group: Json| {
                if can_be_changed(&group) {
                    groups.push((id, group));
                }
            };
            rows(&mut page)?.into_iter().for_each(&mut add);
            if let Some(next) = next_link(&page) {
                self.service.list(&next, Consistency::Usual, &mut add).await?;
            }
        }
        let names = groups
            .iter()
            .filter_map(|(_, group)| group["displayName"].as_str());
        let names: BTreeSet<String> = names.map(str::to_lowercase).collect();
        let called = self.groups_called(&names).await?;
        let mut memberships: HashMap<String, Vec<Arc<str>>> = HashMap::new();
        for (user, group) in &groups {
            let (Some(id), Some(name)) = (group["id"].as_str(), group["displayName"].as_str()) else {
                continue;
            };
            let namesakes = called.get(&name.to_lowercase()).map_or(1, BTreeSet::len);
            let dn = group_dn(id, name, namesakes <= 1);
            memberships.entry((*user).clone()).or_default().push(dn);
        }
        Ok(memberships)
    }

    /// The answers to requests that have nothing to do with each other.
    pub(super) async fn ask(&self, paths: impl Iterator<Item = String>) -> Vec<Answer> {
        let bundles: Vec<Vec<Part>> = paths.map(|path| vec![Part::get(path)]).collect();
        let answers = self.service.batch(&bundles).await.into_iter();
        let none = || Err(Fault::unreadable("a request of a batch has no answer"));
        answers
            .map(|answers| answers.into_iter().next().unwrap_or_else(none))
            .collect()
    }
}
