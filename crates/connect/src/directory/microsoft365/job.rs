//! One write on its way: what was found, what is left to send, and how it ended.

use tenure_core::action::Action;
use tenure_core::cloud::MailboxKind;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Applied, Write};

use super::batch::Part;
use super::fault::refusal;
use super::look::Look;

/// One write.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) write: Write,
    /// What there was before the write.
    pub(super) found: Look,
    /// The account as it is called now, as far as is known.
    pub(super) account: Option<AccountRef>,
    pub(super) state: State,
}

/// How far a write has come.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing is decided.
    Open,
    /// Requests are to be sent, each after the success of the one before.
    Steps(Vec<Part>),
    /// A group's members have to change.
    Membership(Membership),
    /// Exchange Online has to be asked.
    Mailbox(MailboxKind),
    /// Acknowledged, and not yet seen.
    Written,
    /// At its end.
    Done(Outcome),
}

/// A change of a group's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) group: String,
    pub(super) change: MemberChange,
    pub(super) user: String,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MemberChange {
    Add,
    Remove,
}

impl Job {
    pub(super) fn new(write: Write) -> Self {
        Self {
            account: write.target.clone(),
            write,
            found: Look::default(),
            state: State::Open,
        }
    }

    /// What the account is looked up by: its id, and before that is known its name.
    pub(super) fn called(&self) -> String {
        match (&self.account, &self.write.action) {
            (Some(account), _) => account.id.as_str().to_owned(),
            (None, Action::CreateAccount { dn, .. }) => dn.rdn_value(),
            (None, _) => String::new(),
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.state = State::Done(outcome);
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    pub(super) fn into_applied(self) -> Applied {
        let outcome = match self.state {
            State::Done(outcome) => outcome,
            _ => Outcome::Failed(refusal("the write was not carried through", "Run again.")),
        };
        Applied {
            outcome,
            account: self.account,
        }
    }
}
