//! One change while it is carried out: which operation is next, on which account, and how it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tenure_core::action::Action;
use tenure_core::dn::Dn;
use tenure_core::link::{Doubt, LinkState, Memory, Owed, Owing, StepKey};
use tenure_core::outcome::Outcome;
use tenure_core::plan::{Change, Event, Reason};
use tenure_core::seams::{AccountRef, Applied, Attempt};
use tenure_store::{JournalEntry, JournalEvent, OperationId, OutcomeRow};

/// How often an operation that failed for the moment is tried in one run.
const TRIES: u32 = 3;
/// The pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The most captured values that are remembered of one account.
const REMEMBERED: usize = 64;

/// The most groups that are remembered of one account.
const REMEMBERED_GROUPS: usize = 1000;

/// A change on its way.
pub(crate) struct Track {
    pub(crate) seq: u64,
    pub(crate) change: Change,
    /// The operation that is next.
    next: usize,
    /// The account, once it is known.
    pub(crate) account: Option<AccountRef>,
    /// Whether the operation that is next may have been carried out before.
    pub(crate) attempt: Attempt,
    tries: u32,
    /// Not before this moment.
    due: Option<Instant>,
    state: State,
    /// Whether the account was created by this change.
    created: bool,
    /// Whether a call did not succeed, so that the change is not whole at its end.
    missed: bool,
    /// Calls that were made.
    made: BTreeSet<StepKey>,
    /// Calls of which it is not known whether they were made, with what is known of each.
    in_doubt: Vec<(Owed, String)>,
    /// Groups that were left because the person left, and groups that were joined.
    left: Vec<Dn>,
    joined: Vec<Dn>,
    /// What the calls of this change captured.
    pub(crate) captured: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Operations are left.
    Open,
    /// All operations succeeded.
    Succeeded,
    /// An operation did not succeed, and the rest is left.
    Failed,
}

/// What is to be kept after an operation's end.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) outcomes: Vec<OutcomeRow>,
    /// The state in which the link is to be kept from now on.
    pub(crate) link: Option<KeptAs>,
}

/// How a link is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptAs {
    /// In this state.
    State(LinkState),
    /// In the state that it has, with what there is to remember of calls.
    Before,
}

impl Track {
    /// A change at its beginning.
    pub(crate) fn new(seq: u64, change: Change) -> Self {
        let account = change
            .account
            .clone()
            .zip(change.dn.clone())
            .map(|(id, dn)| AccountRef { id, dn });
        let state = if change.operations.is_empty() {
            State::Succeeded
        } else {
            State::Open
        };
        let attempt = match change.reason {
            // The first operation is the one that an earlier run began.
            Reason::HalfMade => Attempt::Again,
            _ => Attempt::First,
        };
        Self {
            seq,
            change,
            next: 0,
            account,
            attempt,
            tries: 0,
            due: None,
            state,
            created: false,
            missed: false,
            made: BTreeSet::new(),
            in_doubt: Vec::new(),
            left: Vec::new(),
            joined: Vec::new(),
            captured: BTreeMap::new(),
        }
    }

    /// Takes up where the journal ends. Entries are this change's, in order.
    pub(crate) fn replay(&mut self, entries: &[JournalEntry]) {
        for entry in entries {
            match &entry.event {
                JournalEvent::Intent => self.attempt = Attempt::Again,
                JournalEvent::Outcome { outcome, account } => {
                    self.attempt = Attempt::First;
                    if let Some(account) = account {
                        self.account = Some(account.clone());
                    }
                    self.step(outcome);
                }
            }
        }
    }

    /// What is to be remembered of calls about the account, beside what was `before`.
    pub(crate) fn memory(&self, before: Option<&Memory>, now: Timestamp) -> Option<Box<Memory>> {
        let change = &self.change;
        let mut memory = before.cloned().unwrap_or_default();
        for (name, value) in &self.captured {
            if memory.captured.len() < REMEMBERED || memory.captured.contains_key(name) {
                memory.captured.insert(name.clone(), value.clone());
            }
        }
        self.remember_groups(&mut memory);
        let doubted = |step: &StepKey| self.in_doubt.iter().any(|(owed, _)| owed.step == *step);
        memory
            .in_doubt
            .retain(|doubt| !self.made.contains(&doubt.owed.step) && !doubted(&doubt.owed.step));
        memory
            .in_doubt
            .extend(self.in_doubt.iter().map(|(owed, what)| Doubt {
                owed: owed.clone(),
                event: change.event,
                what: what.clone(),
                since: now,
            }));
        let planned = change
            .operations
            .iter()
            .filter_map(|operation| operation.owed.as_ref());
        let asks_for_calls = planned.clone().next().is_some() || !change.later.is_empty();
        let unmade = planned.filter(|owed| !self.made.contains(&owed.step) && !doubted(&owed.step));
        memory.owing = match self.state {
            State::Succeeded if change.later.is_empty() => None,
            State::Succeeded => Some(change.later.clone()),
            _ if asks_for_calls => Some(unmade.chain(&change.later).cloned().collect()),
            _ => memory
                .owing
                .filter(|owing| owing.event == change.event)
                .map(|owing| owing.calls),
        }
        .map(|calls| Owing {
            event: change.event,
            calls,
        });
        (!memory.is_empty()).then(|| Box::new(memory))
    }

    /// Groups that somebody left who left are remembered until they are joined again, or somebody is back.
    fn remember_groups(&self, memory: &mut Memory) {
        for group in &self.left {
            if memory.groups.len() < REMEMBERED_GROUPS && !memory.groups.contains(group) {
                memory.groups.push(group.clone());
            }
        }
        memory.groups.retain(|group| !self.joined.contains(group));
        if self.change.event == Event::Rehire
            && self.state == State::Succeeded
            && self.change.then == LinkState::Active
        {
            memory.groups.clear();
        }
    }

    /// Whether the account was created by this change.
    pub(crate) fn has_created(&self) -> bool {
        self.created
    }

    /// Whether operations are left.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether all operations succeeded.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.state == State::Succeeded && self.in_doubt.is_empty()
    }

    /// When the next operation may go; none when it may go at once.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The number of the operation that is next.
    pub(crate) fn id(&self) -> OperationId {
        OperationId {
            change: self.seq,
            operation: u32::try_from(self.next).unwrap_or(u32::MAX),
        }
    }

    /// The operation that is next.
    pub(crate) fn action(&self) -> Option<&Action> {
        self.change
            .operations
            .get(self.next)
            .map(|operation| &operation.action)
    }

    /// Whether the operation that is next is none of the directory's.
    pub(crate) fn is_call(&self) -> bool {
        self.action()
            .is_some_and(|action| !action.kind().is_of_directories())
    }

    /// What the operation that is next is known by to the other side: the same whenever it is tried, in a later run
    /// too, and never the same for two.
    pub(crate) fn idempotency_key(&self, source: &str) -> String {
        let operation = self.change.operations.get(self.next);
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        };
        add(source);
        add(self.change.person.as_str());
        if let Some(owed) = operation.and_then(|operation| operation.owed.as_ref()) {
            add(owed.step.as_str());
            add(&owed.occasion);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let start = digest.first_chunk::<16>().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(start).into_uuid().to_string()
    }

    /// Takes note of what became of the operation that was next. One that failed for the moment is tried again
    /// later, and then nothing is to be kept yet.
    pub(crate) fn ended(&mut self, applied: Applied, now: Instant) -> Ended {
        let is_write = self
            .action()
            .is_some_and(|action| action.kind().is_of_directories());
        // Calls were tried again already, where that is safe.
        if is_write && matches!(applied.outcome, Outcome::Failed(_)) && self.tries + 1 < TRIES {
            self.due = Some(now + FIRST_PAUSE * 2u32.pow(self.tries));
            self.tries += 1;
            self.attempt = Attempt::Again;
            return Ended::default();
        }
        if let Some(account) = &applied.account {
            self.account = Some(account.clone());
        }
        let id = self.id();
        let success = applied.outcome.is_success();
        let was_created = success && matches!(self.action(), Some(Action::CreateAccount { .. }));
        self.step(&applied.outcome);
        let mut ended = Ended {
            outcomes: vec![OutcomeRow {
                id,
                outcome: applied.outcome,
                account: applied.account,
            }],
            link: None,
        };
        if self.state == State::Failed {
            ended.outcomes.extend(self.leave_the_rest());
        }
        let change = &self.change;
        let asks_for_calls = !change.later.is_empty()
            || change.operations.iter().any(|operation| operation.owed.is_some())
            || !self.left.is_empty()
            || !self.joined.is_empty();
        ended.link = match self.state {
            State::Succeeded => Some(KeptAs::State(self.change.then)),
            State::Open | State::Failed if was_created => Some(KeptAs::State(LinkState::Joining)),
            State::Open | State::Failed if asks_for_calls && (success || !is_write) => Some(KeptAs::Before),
            State::Open | State::Failed => None,
        };
        ended
    }

    /// Takes note of an outcome. After a write that did not succeed the rest waits; a call that did not holds up
    /// nobody's account, and is owed.
    fn step(&mut self, outcome: &Outcome) {
        let success = outcome.is_success();
        let operation = self.change.operations.get(self.next);
        let is_write = operation.is_none_or(|operation| operation.action.kind().is_of_directories());
        self.created |= success
            && operation.is_some_and(|operation| matches!(operation.action, Action::CreateAccount { .. }));
        match operation.map(|operation| &operation.action) {
            Some(Action::RemoveFromGroups { group }) if success && self.change.event == Event::Leaver => {
                self.left.push(group.clone());
            }
            Some(Action::AddToGroups { group }) if success && self.change.event == Event::Rehire => {
                self.joined.push(group.clone());
            }
            _ => {}
        }
        if let Some(owed) = operation.and_then(|operation| operation.owed.clone()) {
            match outcome {
                Outcome::InDoubt { what } => self.in_doubt.push((owed, what.clone())),
                _ if success => drop(self.made.insert(owed.step)),
                _ => self.missed = true,
            }
        }
        if let Outcome::Answered { captured, .. } = outcome {
            self.captured.extend(captured.clone());
        }
        self.next += 1;
        (self.attempt, self.tries, self.due) = (Attempt::First, 0, None);
        self.state = match self.state {
            State::Failed => State::Failed,
            _ if is_write && !success => State::Failed,
            _ if self.next < self.change.operations.len() => State::Open,
            _ if self.missed => State::Failed,
            _ => State::Succeeded,
        };
    }

    /// Outcomes for the operations after one that did not succeed.
    fn leave_the_rest(&mut self) -> Vec<OutcomeRow> {
        let on = self
            .next
            .checked_sub(1)
            .and_then(|at| self.change.operations.get(at));
        let on = on
            .map(|operation| operation.action.sentence())
            .unwrap_or_default();
        let mut rest = Vec::new();
        while self.next < self.change.operations.len() {
            rest.push(OutcomeRow {
                id: self.id(),
                outcome: Outcome::Waiting { on: on.clone() },
                account: None,
            });
            self.next += 1;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_core::account::{Access, AccountId};
    use tenure_core::dn::Dn;
    use tenure_core::outcome::Refusal;
    use tenure_core::plan::Operation;
    use tenure_core::profile::PersonKey;

    fn track() -> Track {
        let operation = |action| Operation::write(action, "joiner");
        let dn = Dn::from_server("CN=Ada,DC=test");
        let create = Action::CreateAccount {
            dn,
            attributes: Vec::new(),
            password: None,
            access: Access::Enabled,
        };
        let group = Action::AddToGroups {
            group: Dn::from_server("CN=All,DC=test"),
        };
        let change = Change {
            person: PersonKey::new("1").unwrap(),
            name: "Ada".to_owned(),
            event: Event::Joiner,
            reason: Reason::NoAccount,
            account: None,
            dn: None,
            matched: None,
            then: LinkState::Active,
            operations: vec![operation(create), operation(group.clone()), operation(group)],
            later: Vec::new(),
            tell: Vec::new(),
            record: None,
        };
        Track::new(0, change)
    }

    fn applied(outcome: Outcome) -> Applied {
        let account = AccountRef {
            id: AccountId::new("a"),
            dn: Dn::from_server("CN=Ada,DC=test"),
        };
        Applied {
            outcome,
            account: Some(account),
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed(Refusal {
            code: "51".to_owned(),
            message: "busy".to_owned(),
            hint: String::new(),
        })
    }

    #[test]
    fn an_account_is_linked_as_joining_until_all_is_done() {
        let mut track = track();
        let now = Instant::now();
        assert_eq!(
            track.ended(applied(Outcome::Verified), now).link,
            Some(KeptAs::State(LinkState::Joining))
        );
        assert_eq!(track.ended(applied(Outcome::Verified), now).link, None);
        assert_eq!(
            track.ended(applied(Outcome::Verified), now).link,
            Some(KeptAs::State(LinkState::Active))
        );
        assert!(!track.is_open() && track.has_succeeded());
    }

    #[test]
    fn what_failed_for_the_moment_is_tried_three_times_and_the_rest_then_waits() {
        let mut track = track();
        let now = Instant::now();
        track.ended(applied(Outcome::Verified), now);
        for _ in 0..2 {
            assert!(track.ended(applied(failed()), now).outcomes.is_empty());
            assert_eq!(track.attempt, Attempt::Again);
            assert!(track.due().is_some_and(|due| due > now));
        }
        let ended = track.ended(applied(failed()), now);
        assert_eq!(ended.outcomes.len(), 2);
        assert!(matches!(ended.outcomes[1].outcome, Outcome::Waiting { .. }));
        assert!(!track.is_open() && !track.has_succeeded());
    }

    #[test]
    fn a_journal_is_taken_up_where_it_ends() {
        let mut track = track();
        let at = Timestamp::UNIX_EPOCH;
        let id = |operation| OperationId { change: 0, operation };
        let applied = applied(Outcome::Verified);
        track.replay(&[
            JournalEntry {
                id: id(0),
                event: JournalEvent::Intent,
                at,
            },
            JournalEntry {
                id: id(0),
                event: JournalEvent::Outcome {
                    outcome: applied.outcome,
                    account: applied.account.clone(),
                },
                at,
            },
            JournalEntry {
                id: id(1),
                event: JournalEvent::Intent,
                at,
            },
        ]);
        assert_eq!((track.id(), track.attempt), (id(1), Attempt::Again));
        assert_eq!(track.account, applied.account);
    }
}
