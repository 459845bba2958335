//! A company in memory: documents, the records of its people, a directory of accounts, and what Tenure remembers.
//! It plans, carries plans out to the letter, and plans again.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_core::account::{Access, Account, AccountId, Snapshot};
use tenure_core::action::Action;
use tenure_core::attribute::{AttributeName, AttributesBuilder};
use tenure_core::cloud::{CloudAction, Licence};
use tenure_core::compile::{Compiled, compile};
use tenure_core::dn::Dn;
use tenure_core::document::{Documents, Severity, load};
use tenure_core::join::{Join, Known, KnownRecord};
use tenure_core::link::{InSync, Link, LinkState};
use tenure_core::plan::{Absence, Change, Finding, PlanSink, Planner, Presence, Summary, World, sort};
use tenure_core::profile::{PersonKey, RecordHash};

/// An account as the directory keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub dn: Dn,
    pub access: Access,
    pub values: BTreeMap<String, Vec<String>>,
}

/// What a record was when it was last read.
struct Remembered {
    hash: RecordHash,
    filled: u64,
    columns: String,
}

/// A company with one automation, `corp`.
pub struct Company {
    documents: Documents,
    pub now: Timestamp,
    pub absence: Absence,
    pub directory: BTreeMap<AccountId, Entry>,
    pub links: Vec<Link>,
    /// Values that are taken by objects that are no accounts.
    pub taken: Vec<(AttributeName, String)>,
    records: BTreeMap<PersonKey, Remembered>,
    created: u32,
}

/// A plan as it was made.
#[derive(Default)]
pub struct Plan {
    pub changes: Vec<Change>,
    pub findings: Vec<Finding>,
    pub in_sync: Vec<(PersonKey, InSync)>,
    pub summary: Summary,
}

impl PlanSink for Plan {
    fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn in_sync(&mut self, key: &PersonKey, state: InSync) {
        self.in_sync.push((key.clone(), state));
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if self.changes.is_empty() && self.findings.is_empty() {
            f.write_str("nothing to do")?;
        }
        Ok(())
    }
}

impl Company {
    /// A company whose documents are these.
    pub fn new(documents: &str) -> Self {
        let (documents, problems) = load(&[("corp.yaml".to_owned(), documents.to_owned())]);
        let errors: Vec<String> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        Self {
            documents,
            now: "2026-11-02T08:00:00Z".parse().unwrap(),
            absence: Absence::Proven,
            directory: BTreeMap::new(),
            links: Vec::new(),
            taken: Vec::new(),
            records: BTreeMap::new(),
            created: 0,
        }
    }

    /// An account that somebody made by hand.
    pub fn account(&mut self, id: &str, dn: &str, values: &[(&str, &str)]) {
        let mut entry = Entry {
            dn: Dn::from_server(dn),
            access: Access::Enabled,
            values: BTreeMap::new(),
        };
        for (name, value) in values {
            entry
                .values
                .entry(name.to_lowercase())
                .or_default()
                .push((*value).to_owned());
        }
        self.directory.insert(AccountId::new(id), entry);
    }

    /// Plans for a source with these records, one JSON object each.
    pub fn plan(&mut self, records: &[String]) -> Plan {
        let Compiled { reading, rules, .. } = compile(&self.documents, "corp").unwrap();
        let known = self.records.iter().map(|(key, record)| KnownRecord {
            key: key.clone(),
            hash: record.hash,
            filled: record.filled,
            gone: false,
        });
        let known = Known::new(known.collect());
        let mut join = Join::new(&reading, &known, self.now);
        let mut kept = Vec::new();
        for record in records {
            join.record(0, record.as_bytes(), &mut |record| kept.push(record));
        }
        let mut joined = join.finish(&mut |record| kept.push(record));
        let snapshot = self.snapshot(&rules.dictionary);
        self.links.sort_by(|one, other| one.key.cmp(&other.key));
        let sorted = sort(
            &joined,
            &known,
            &self.links,
            &snapshot,
            rules.documents,
            self.absence,
            self.now,
        );
        let mut profiles = std::mem::take(&mut joined.profiles);
        let again = sorted.again.iter().map(|(place, at)| {
            let key = &known.at(*at).unwrap().key;
            let record = &self.records[key];
            (*place, key.clone(), record.hash, record.columns.as_str())
        });
        profiles.extend(reading.map_again(again, self.now, &mut joined.findings));
        profiles.sort_unstable_by_key(|(place, _)| *place);
        let presence = Presence {
            profiles: profiles.into_iter().map(|(_, profile)| profile).collect(),
            in_sync: sorted.in_sync,
            absent: sorted.absent,
        };
        for record in kept {
            let remembered = Remembered {
                hash: record.hash,
                filled: record.filled,
                columns: record.columns,
            };
            self.records.insert(record.key, remembered);
        }
        let mut plan = Plan {
            findings: joined.findings,
            ..Plan::default()
        };
        let world = World {
            snapshot: &snapshot,
            links: &self.links,
            now: self.now,
        };
        plan.summary = Planner::new(&rules, world, presence).plan(&self.taken, &mut plan);
        for (key, state) in &plan.in_sync {
            let at = self.links.binary_search_by(|link| link.key.cmp(key)).unwrap();
            self.links[at].in_sync = Some(*state);
        }
        plan
    }

    fn snapshot(&self, dictionary: &tenure_core::attribute::Dictionary) -> Snapshot {
        let mut builder = AttributesBuilder::new();
        let accounts = self.directory.iter().map(|(id, entry)| {
            for (name, values) in &entry.values {
                for value in values {
                    if let Some(index) = dictionary.index(name) {
                        builder.push(index, value);
                    }
                }
            }
            Account {
                id: id.clone(),
                dn: entry.dn.clone(),
                access: entry.access,
                attributes: builder.finish(),
            }
        });
        Snapshot::new(accounts.collect())
    }

    /// Does what the plan says, every operation of it.
    pub fn carry_out(&mut self, plan: &Plan) {
        let places: HashMap<PersonKey, usize> = self
            .links
            .iter()
            .enumerate()
            .map(|(at, link)| (link.key.clone(), at))
            .collect();
        for change in &plan.changes {
            let mut account = change.account.clone();
            for operation in &change.operations {
                account = Some(self.act(account, &operation.action));
            }
            let account = account.unwrap();
            let link = Link {
                key: change.person.clone(),
                account,
                state: change.then,
                since: self.now,
                matched: change.matched.clone().unwrap_or_default(),
                in_sync: None,
                memory: None,
            };
            match places.get(&change.person).copied() {
                Some(at) if self.links[at].state == link.state => self.links[at].in_sync = None,
                Some(at) if self.links[at].state == LinkState::Joining => {
                    self.links[at] = Link {
                        since: self.links[at].since,
                        ..link
                    };
                }
                Some(at) => self.links[at] = link,
                None => self.links.push(link),
            }
        }
    }

    fn act(&mut self, account: Option<AccountId>, action: &Action) -> AccountId {
        if let Action::CreateAccount {
            dn,
            attributes,
            access,
            ..
        } = action
        {
            self.created += 1;
            let id = AccountId::new(&format!("made-{}", self.created));
            let values = attributes
                .iter()
                .map(|attribute| (attribute.name.as_str().to_lowercase(), attribute.values.clone()))
                .collect();
            self.directory.insert(
                id.clone(),
                Entry {
                    dn: dn.clone(),
                    access: *access,
                    values,
                },
            );
            return id;
        }
        let id = account.expect("an account that was created or found before");
        if let Action::Delete { .. } = action {
            self.directory.remove(&id).expect("an account that is there");
            return id;
        }
        let entry = self.directory.get_mut(&id).expect("an account that is there");
        match action {
            Action::ModifyAttributes { changes } => {
                for change in changes {
                    let name = change.name.as_str().to_lowercase();
                    assert_eq!(
                        entry.values.get(&name).cloned().unwrap_or_default(),
                        change.before,
                        "{name}"
                    );
                    if change.after.is_empty() {
                        entry.values.remove(&name);
                    } else {
                        entry.values.insert(name, change.after.clone());
                    }
                }
            }
            Action::Move { to, .. } => entry.dn = to.clone(),
            Action::AddToGroups { group } => {
                entry
                    .values
                    .entry("memberof".to_owned())
                    .or_default()
                    .push(group.to_string());
            }
            Action::RemoveFromGroups { group } => {
                let groups = entry.values.entry("memberof".to_owned()).or_default();
                groups.retain(|known| !Dn::from_server(known).eq(group));
            }
            Action::Enable => entry.access = Access::Enabled,
            Action::Disable => entry.access = Access::Disabled,
            Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_)
            | Action::Directory(_)
            | Action::Cloud(
                CloudAction::RevokeSessions
                | CloudAction::SetAutoReply { .. }
                | CloudAction::ConvertMailbox { .. },
            ) => {}
            Action::Cloud(CloudAction::AssignLicences { licences }) => {
                let held = entry.values.entry(Licence::ATTRIBUTE.to_lowercase()).or_default();
                held.extend(licences.iter().map(|name| format!("{name} id-of-{name}")));
            }
            Action::Cloud(CloudAction::RevokeLicences { licences }) => {
                let held = entry.values.entry(Licence::ATTRIBUTE.to_lowercase()).or_default();
                held.retain(|held| !licences.iter().any(|name| held.starts_with(&format!("{name} "))));
            }
            other @ (Action::CreateAccount { .. } | Action::Delete { .. }) => {
                panic!("{other:?} was handled before")
            }
        }
        id
    }

    /// Plans and carries out.
    pub fn run(&mut self, records: &[String]) -> Plan {
        let plan = self.plan(records);
        self.carry_out(&plan);
        plan
    }

    /// Where somebody stands.
    pub fn state(&self, key: &str) -> Option<LinkState> {
        self.links
            .iter()
            .find(|link| link.key.as_str() == key)
            .map(|link| link.state)
    }

    /// The directory in words, ordered by name.
    pub fn listing(&self) -> String {
        let mut entries: Vec<&Entry> = self.directory.values().collect();
        entries.sort_by_key(|entry| entry.dn.to_string());
        let mut text = String::new();
        for entry in entries {
            let access = if entry.access == Access::Disabled {
                " (disabled)"
            } else {
                ""
            };
            writeln!(text, "{}{access}", entry.dn).unwrap();
        }
        text
    }
}
