//! The planner: everybody in the source against every account in the directory, in the order of the source, then
//! those who are gone in the order of their keys.

mod event;
mod out;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::account::{Account, Snapshot};
use crate::action::Action;
use crate::attribute::{AttributeIndex, AttributeName};
use crate::directory_action::DirectoryAction;
use crate::dn::Dn;
use crate::expression::Scope;
use crate::lifecycle::Lifecycle;
use crate::link::{InSync, Link, LinkState};
use crate::profile::{PersonKey, Profile};

use super::calls::Occasion;
use super::change::{Change, Event, FindingKind, Operation, Reason};
use super::correlate::{Correlated, Correlation, Fit};
use super::half_made::{HalfMade, Rest};
use super::home_folders;
use super::joiner::{Joined, join};
use super::manager::{Managers, Wanted};
use super::models::Models;
use super::presence::Presence;
use super::recipients::Recipients;
use super::register::Register;
use super::rules::Rules;
use super::steps::{Draft, Drafted};
use event::{anchor_of, ask, event_of, has_doubts, is_as_before, reason_of};
use out::{Out, account_gone, doubts, notice_of_disabled};

pub use out::{PlanSink, Summary};

/// What a plan is made against.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// All accounts.
    pub snapshot: &'a Snapshot,
    /// All links of this source and directory.
    pub links: &'a [Link],
    /// The time of the run.
    pub now: Timestamp,
}

/// Makes one plan.
pub struct Planner<'a> {
    rules: &'a Rules,
    world: World<'a>,
    presence: Presence,
    /// For each profile what is known of its account.
    found: Vec<Correlated>,
    /// Who is told.
    recipients: Recipients<'a>,
    models: Models<'a>,
    half_made: HalfMade<'a>,
}

impl<'a> Planner<'a> {
    /// Finds each person's account.
    pub fn new(rules: &'a Rules, world: World<'a>, presence: Presence) -> Self {
        let by_key: HashMap<&PersonKey, u32> = world
            .links
            .iter()
            .zip(0u32..)
            .filter(|(link, _)| link.state != LinkState::Deleted)
            .map(|(link, at)| (&link.key, at))
            .collect();
        let mut found: Vec<Correlated> = presence
            .profiles
            .iter()
            .map(|profile| {
                by_key
                    .get(&profile.key)
                    .map_or(Correlated::Nobody, |at| Correlated::Linked(*at))
            })
            .collect();
        if found.contains(&Correlated::Nobody) && !world.snapshot.accounts().is_empty() {
            let links = world.links.iter().filter(|link| link.state != LinkState::Deleted);
            let owners = links.map(|link| (&link.account, &link.key)).collect();
            Correlation::new(world.snapshot, &rules.dictionary, &rules.correlate).correlate(
                &presence.profiles,
                &mut found,
                &owners,
            );
        }
        Self {
            rules,
            world,
            presence,
            found,
            recipients: Recipients::new(rules, world.snapshot),
            models: Models::new(world.snapshot.accounts()),
            half_made: HalfMade::default(),
        }
    }

    /// And finishes what earlier runs began to create without learning how that ended: the changes as they were
    /// planned, one of a person at most.
    #[must_use]
    pub fn finishing(mut self, begun: Vec<Change>) -> Self {
        self.half_made = HalfMade::new(begun, &self.world);
        self
    }

    /// Makes the plan. `taken` are values of the named attributes that are in use anywhere in the directory.
    pub fn plan(self, taken: &[(AttributeName, String)], sink: &mut dyn PlanSink) -> Summary {
        let mut register = Register::new(self.rules, self.world.snapshot.accounts(), taken);
        let mut managers = Managers::new(self.rules, &self.world, &self.presence, &self.found);
        let chosen_once = self.rules.chosen_once();
        let mut out = Out {
            sink,
            summary: Summary::default(),
        };
        for link in self
            .presence
            .in_sync
            .iter()
            .filter_map(|at| link_of(self.world.links, *at))
        {
            out.summary.unchanged += 1;
            out.summary.population += in_use(Some(link));
        }

        for (profile, found) in self.presence.profiles.iter().zip(&self.found) {
            match self.half_made.rest_of(profile, found, &self.rules.dictionary) {
                Rest::Nothing => {}
                Rest::Finish(begun) => {
                    managers.creates(&profile.key, &begun.operations);
                    out.change(Change {
                        reason: Reason::HalfMade,
                        ..begun.clone()
                    });
                    continue;
                }
                Rest::Look(text) => out.finding(Some(&profile.key), FindingKind::Notice, text),
            }
            let standing = match found {
                Correlated::Linked(at) => {
                    link_of(self.world.links, *at).map_or(Standing::None, Standing::Linked)
                }
                Correlated::Fits(fit) => Standing::Recognised(fit),
                Correlated::Nobody => Standing::None,
                Correlated::Conflict(text) => {
                    out.finding(Some(&profile.key), FindingKind::Conflict, text.to_string());
                    continue;
                }
            };
            self.person(
                profile,
                &standing,
                &chosen_once,
                (&mut register, &mut managers),
                &mut out,
            );
        }
        for (waiting, missing) in managers.end() {
            if let Some(manager) = missing {
                let text = format!(
                    "the manager `{manager}` has no account, and is set by the first run that finds one"
                );
                out.finding(Some(&waiting.change.person), FindingKind::Notice, text);
            }
            if waiting.change.operations.is_empty() && !waiting.matters {
                out.summary.unchanged += 1;
            } else {
                out.change(waiting.change);
            }
        }
        for at in &self.presence.absent {
            if let Some(link) = link_of(self.world.links, *at) {
                self.absent(link, &chosen_once, &mut register, &mut out);
            }
        }
        out.summary
    }

    fn person(
        &self,
        profile: &Profile,
        standing: &Standing<'_>,
        chosen_once: &[AttributeIndex],
        (register, managers): (&mut Register<'_>, &mut Managers),
        out: &mut Out<'_>,
    ) {
        let account = match standing {
            Standing::None => return self.without_account(profile, register, managers, out),
            Standing::Linked(link) => self.world.snapshot.get(&link.account),
            Standing::Recognised(fit) => self.world.snapshot.get(&fit.account),
        };
        let Some(account) = account else {
            account_gone(profile, out);
            return;
        };
        if let Some(why) = self.world.snapshot.protection(&account.id) {
            out.summary.ignored += 1;
            return out.finding(Some(&profile.key), FindingKind::Notice, protected(account, why));
        }
        let link = match standing {
            Standing::Linked(link) => Some(*link),
            _ => None,
        };
        out.summary.population += in_use(link);
        let Some((event, reason)) = event_of(&profile.lifecycle, link) else {
            out.summary.upcoming += 1;
            return;
        };
        let anchor = anchor_of(profile, link, event, self.world.now);
        let mut draft = Draft::new(
            self.rules,
            chosen_once,
            Some(profile),
            account,
            anchor,
            self.world.now,
            Occasion::new(event, link, self.world.now),
        );
        let asked = ask(&mut draft, event);
        if let Err(text) = asked {
            return out.finding(Some(&profile.key), FindingKind::Value, text);
        }
        notice_of_disabled(event, profile, account, out);
        let Drafted {
            mut operations,
            told,
            later,
            due,
            deleted,
            joins_later,
            asked_before_mover,
        } = draft.finish();
        self.recipients.resolve(&mut operations, self.world.now);
        home_folders::resolve(self.rules, &mut operations, self.world.now);
        register.make_room(&mut operations);
        self.keep_free_addresses(profile, account, register, &mut operations, out);
        let unknown = match self.manager(profile, Some((event, account)), managers, &mut operations) {
            Ok(unknown) => unknown,
            Err(text) => return out.finding(Some(&profile.key), FindingKind::Value, text),
        };
        doubts(link, out);
        let then = match event {
            _ if deleted => LinkState::Deleted,
            Event::Leaver => LinkState::Left,
            Event::Joiner if joins_later => LinkState::Joining,
            _ => LinkState::Active,
        };
        let as_before = link.is_some_and(|link| is_as_before(link, event, then));
        if operations.is_empty() && as_before && unknown.is_none() {
            out.summary.unchanged += 1;
            // While a call is in doubt, every plan says so.
            if !link.is_some_and(has_doubts) {
                out.sink
                    .in_sync(&profile.key, self.as_seen(profile, account, due));
            }
            return;
        }
        let event = match event {
            Event::Match if !operations.is_empty() => Event::Mover,
            // While steps of the joiner rule are to come, changes are followed as ever.
            Event::Joiner if joins_later && !asked_before_mover && !operations.is_empty() => Event::Mover,
            event => event,
        };
        let matched = match standing {
            Standing::Recognised(fit) => Some(fit.how.clone()),
            _ => None,
        };
        let tell = self.recipients.tell(&told, &operations, self.world.now);
        let change = Change {
            person: profile.key.clone(),
            name: self.display(Some(profile), account),
            event,
            reason: reason_of(event, reason, &operations),
            account: Some(account.id.clone()),
            dn: Some(account.dn.clone()),
            matched,
            then,
            operations,
            later,
            tell,
            record: Some(profile.record),
        };
        match unknown {
            None => out.change(change),
            Some((manager, before)) => managers.wait(change, !as_before, manager, before),
        }
    }

    /// Leaves out mail addresses that somebody else has, and says so.
    fn keep_free_addresses(
        &self,
        profile: &Profile,
        account: &Account,
        register: &mut Register<'_>,
        operations: &mut Vec<Operation>,
        out: &mut Out<'_>,
    ) {
        let mail = self.rules.dictionary.index("mail");
        let mail: Vec<&str> = mail
            .into_iter()
            .flat_map(|mail| account.attributes.get(mail))
            .collect();
        for address in register.keep_free_addresses(operations, &mail) {
            let text = format!(
                "{} is not given the address {address}, which is taken",
                account.dn
            );
            out.finding(Some(&profile.key), FindingKind::Notice, text);
        }
    }

    /// Asks for a person's manager; the key of one who has no account before the plan, with what there is instead. The
    /// manager of somebody who leaves stays.
    fn manager(
        &self,
        profile: &Profile,
        account: Option<(Event, &Account)>,
        managers: &Managers,
        operations: &mut Vec<Operation>,
    ) -> Result<Option<(PersonKey, Vec<String>)>, String> {
        if account.is_some_and(|(event, _)| event == Event::Leaver) {
            return Ok(None);
        }
        let account = account.map(|(_, account)| account);
        match managers.wanted(self.rules, &self.scope(profile), profile, account)? {
            Wanted::Nothing => Ok(None),
            Wanted::Set(operation) => {
                operations.push(operation);
                Ok(None)
            }
            Wanted::Unknown(manager, before) => Ok(Some((manager, before))),
        }
    }

    /// What `set_manager` may name.
    fn scope<'p>(&'p self, profile: &'p Profile) -> Scope<'p> {
        Scope::of_attributes(&self.rules.dictionary, &profile.attributes)
            .with_lookups(&self.rules.lookups)
            .with_now(self.world.now)
    }

    /// What was compared, and until when nothing is to do; `due` is when a delayed step comes.
    fn as_seen(&self, profile: &Profile, account: &Account, due: Option<Timestamp>) -> InSync {
        let again = self.rules.uses_now.then_some(self.world.now);
        let until = [profile.lifecycle.changes_at(), due, again]
            .into_iter()
            .flatten()
            .min();
        InSync {
            record: profile.record,
            account: account.fingerprint(),
            documents: self.rules.documents,
            until: until.unwrap_or(Timestamp::MAX),
        }
    }

    fn without_account(
        &self,
        profile: &Profile,
        register: &mut Register<'_>,
        managers: &mut Managers,
        out: &mut Out<'_>,
    ) {
        match profile.lifecycle {
            Lifecycle::Upcoming { .. } => out.summary.upcoming += 1,
            Lifecycle::Ended { .. } | Lifecycle::Inactive => out.summary.ignored += 1,
            Lifecycle::Active { .. } if let Some(change) = self.restored(profile) => out.change(change),
            Lifecycle::Active { .. } => {
                match join(
                    self.rules,
                    profile,
                    register.names(),
                    &self.models,
                    self.world.now,
                ) {
                    Err(text) => out.finding(Some(&profile.key), FindingKind::Value, text),
                    Ok(joined) if joined.operations.is_empty() => out.summary.ignored += 1,
                    Ok(Joined {
                        mut operations,
                        later,
                        then,
                    }) => {
                        self.recipients.resolve(&mut operations, self.world.now);
                        home_folders::resolve(self.rules, &mut operations, self.world.now);
                        managers.creates(&profile.key, &operations);
                        // An account without a manager is better than none.
                        let unknown = self
                            .manager(profile, None, managers, &mut operations)
                            .unwrap_or_else(|text| {
                                out.finding(Some(&profile.key), FindingKind::Value, text);
                                None
                            });
                        let name = self
                            .rules
                            .display
                            .and_then(|attribute| profile.attributes.first(attribute))
                            .map_or_else(|| created_name(&operations), str::to_owned);
                        let created = operations.iter().find_map(|operation| match &operation.action {
                            Action::CreateAccount { attributes, .. } => Some(attributes.as_slice()),
                            _ => None,
                        });
                        let told = created.unwrap_or_default();
                        let tell = self.recipients.tell(told, &operations, self.world.now);
                        let change = Change {
                            person: profile.key.clone(),
                            name,
                            event: Event::Joiner,
                            reason: Reason::NoAccount,
                            account: None,
                            dn: None,
                            matched: None,
                            then,
                            operations,
                            later,
                            tell,
                            record: Some(profile.record),
                        };
                        match unknown {
                            None => out.change(change),
                            Some((manager, before)) => managers.wait(change, true, manager, before),
                        }
                    }
                }
            }
        }
    }

    /// Bringing back the deleted account of somebody who is active again. The account comes back as it went; the next
    /// run sees somebody who had left, and follows the rest of the rehire rule.
    fn restored(&self, profile: &Profile) -> Option<Change> {
        let within = self.rules.restores_within()?;
        let links = self.world.links;
        let at = links.binary_search_by(|link| link.key.cmp(&profile.key)).ok()?;
        let link = links.get(at).filter(|link| link.state == LinkState::Deleted)?;
        let until = link.since.checked_add(within).unwrap_or(Timestamp::MAX);
        let name = self
            .rules
            .display
            .and_then(|attribute| profile.attributes.first(attribute))
            .unwrap_or_else(|| profile.key.as_str());
        let action = Action::Directory(DirectoryAction::Restore { stored: None });
        (self.world.now < until).then(|| Change {
            person: profile.key.clone(),
            name: name.to_owned(),
            event: Event::Rehire,
            reason: Reason::ActiveAgain,
            account: Some(link.account.clone()),
            dn: Some(Dn::root()),
            matched: None,
            then: LinkState::Left,
            operations: vec![Operation::write(action, "rehire")],
            later: Vec::new(),
            tell: Vec::new(),
            record: Some(profile.record),
        })
    }

    /// Somebody whose record is gone.
    fn absent(
        &self,
        link: &Link,
        chosen_once: &[AttributeIndex],
        register: &mut Register<'_>,
        out: &mut Out<'_>,
    ) {
        let Some(account) = self.world.snapshot.get(&link.account) else {
            return;
        };
        if link.state == LinkState::Deleted {
            return;
        }
        if let Some(why) = self.world.snapshot.protection(&account.id) {
            return out.finding(Some(&link.key), FindingKind::Notice, protected(account, why));
        }
        out.summary.population += in_use(Some(link));
        let anchor = if link.state == LinkState::Left {
            link.since
        } else {
            self.world.now
        };
        let occasion = Occasion::new(Event::Leaver, Some(link), self.world.now);
        let mut draft = Draft::new(
            self.rules,
            chosen_once,
            None,
            account,
            anchor,
            self.world.now,
            occasion,
        );
        if let Err(text) = draft.ask(Event::Leaver) {
            return out.finding(Some(&link.key), FindingKind::Value, text);
        }
        let Drafted {
            mut operations,
            told,
            later,
            deleted,
            ..
        } = draft.finish();
        self.recipients.resolve(&mut operations, self.world.now);
        register.make_room(&mut operations);
        doubts(Some(link), out);
        let then = if deleted {
            LinkState::Deleted
        } else {
            LinkState::Left
        };
        if operations.is_empty() && link.state == then {
            return;
        }
        let tell = self.recipients.tell(&told, &operations, self.world.now);
        out.change(Change {
            person: link.key.clone(),
            name: self.display(None, account),
            event: Event::Leaver,
            reason: Reason::Absent,
            account: Some(account.id.clone()),
            dn: Some(account.dn.clone()),
            matched: None,
            then,
            operations,
            later,
            tell,
            record: None,
        });
    }

    fn display(&self, profile: Option<&Profile>, account: &Account) -> String {
        self.rules
            .display
            .and_then(|attribute| {
                profile
                    .and_then(|profile| profile.attributes.first(attribute))
                    .or_else(|| account.attributes.first(attribute))
            })
            .map_or_else(|| account.dn.rdn_value(), str::to_owned)
    }
}

/// What is known of a person's account before the plan.
enum Standing<'a> {
    /// Linked.
    Linked(&'a Link),
    /// Found by attributes, and how.
    Recognised(&'a Fit),
    /// There is none.
    None,
}

/// Counts a person whose account is in use, which somebody's who has left is not.
fn in_use(link: Option<&Link>) -> u64 {
    u64::from(link.is_none_or(|link| link.state != LinkState::Left))
}

/// Says that an account is left alone.
fn protected(account: &Account, why: &str) -> String {
    format!("{} is left alone: {why}", account.dn)
}

fn link_of(links: &[Link], at: u32) -> Option<&Link> {
    links.get(at as usize)
}

fn created_name(operations: &[Operation]) -> String {
    operations
        .iter()
        .find_map(|operation| match &operation.action {
            Action::CreateAccount { dn, .. } => Some(Dn::rdn_value(dn)),
            _ => None,
        })
        .unwrap_or_default()
}
