//! One change while it is carried out: which operation is next, on which account, and how it stands.

use std::time::{Duration, Instant};

use tenure_core::action::Action;
use tenure_core::link::LinkState;
use tenure_core::outcome::Outcome;
use tenure_core::plan::Change;
use tenure_core::seams::{AccountRef, Applied, Attempt};
use tenure_store::{JournalEntry, JournalEvent, OperationId, OutcomeRow};

/// How often an operation that failed for the moment is tried in one run.
const TRIES: u32 = 3;
/// The pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

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
    pub(crate) link: Option<LinkState>,
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
        Self {
            seq,
            change,
            next: 0,
            account,
            attempt: Attempt::First,
            tries: 0,
            due: None,
            state,
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
                    self.step(outcome.is_success());
                }
            }
        }
    }

    /// Whether operations are left.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether all operations succeeded.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.state == State::Succeeded
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

    /// Takes note of what became of the operation that was next. One that failed for the moment is tried again
    /// later, and then nothing is to be kept yet.
    pub(crate) fn ended(&mut self, applied: Applied, now: Instant) -> Ended {
        if matches!(applied.outcome, Outcome::Failed(_)) && self.tries + 1 < TRIES {
            self.due = Some(now + FIRST_PAUSE * 2u32.pow(self.tries));
            self.tries += 1;
            self.attempt = Attempt::Again;
            return Ended::default();
        }
        let was_created = matches!(self.action(), Some(Action::CreateAccount { .. }));
        if let Some(account) = &applied.account {
            self.account = Some(account.clone());
        }
        let success = applied.outcome.is_success();
        let mut ended = Ended {
            outcomes: vec![OutcomeRow {
                id: self.id(),
                outcome: applied.outcome,
                account: applied.account,
            }],
            link: None,
        };
        self.step(success);
        if self.state == State::Failed {
            ended.outcomes.extend(self.leave_the_rest());
        }
        ended.link = match self.state {
            State::Succeeded => Some(self.change.then),
            State::Open | State::Failed if was_created && success => Some(LinkState::Joining),
            State::Open | State::Failed => None,
        };
        ended
    }

    fn step(&mut self, success: bool) {
        self.next += 1;
        (self.attempt, self.tries, self.due) = (Attempt::First, 0, None);
        self.state = match (self.state, success) {
            (State::Failed, _) | (_, false) => State::Failed,
            _ if self.next >= self.change.operations.len() => State::Succeeded,
            _ => State::Open,
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
    use tenure_core::plan::{Event, Operation, Reason};
    use tenure_core::profile::PersonKey;

    fn track() -> Track {
        let operation = |action| Operation {
            action,
            because: "joiner".to_owned(),
        };
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
            Some(LinkState::Joining)
        );
        assert_eq!(track.ended(applied(Outcome::Verified), now).link, None);
        assert_eq!(
            track.ended(applied(Outcome::Verified), now).link,
            Some(LinkState::Active)
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
        let at = jiff::Timestamp::UNIX_EPOCH;
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
