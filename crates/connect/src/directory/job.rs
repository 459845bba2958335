//! One write on its way through a batch: what was found, what is left to send, and how it ended.

use std::collections::VecDeque;

use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{AccountRef, Applied, Write};

use super::rules::{Creation, Step};
use crate::ldap::{Diagnosis, Doing, Entry, LdapError, LdapResult, Operation, Reply, ResultCode, explain};

/// The Windows error of a password that breaks the policy; it does so in any number of steps.
const PASSWORD_RESTRICTION: u32 = 0x052d;

/// One write of a batch.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) write: Write,
    /// The object as it was before the write.
    pub(super) found: Option<Entry>,
    /// Why nothing may be done to it, when the directory's document says so.
    pub(super) excluded: Option<String>,
    /// The account as it is called now, as far as is known.
    pub(super) account: Option<AccountRef>,
    pub(super) state: State,
}

/// How far a write has come.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing is decided.
    Open,
    /// Requests are left to send.
    Steps(Steps),
    /// A group's members have to change.
    Membership(Membership),
    /// Acknowledged, and not yet seen.
    Written,
    /// At its end.
    Done(Outcome),
}

/// A change of a group's members.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) doing: Doing,
    pub(super) group: String,
    pub(super) member: String,
}

/// Requests that follow each other.
#[derive(Debug)]
pub(super) struct Steps {
    left: VecDeque<Step>,
    /// What to do when the first is answered with this code.
    otherwise: Option<(ResultCode, Vec<Step>)>,
    /// The object to delete when a step fails, if the first step added it.
    makes: Option<String>,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    Untouched,
    Begun,
    /// A step failed; what was made is being deleted.
    Undoing(Outcome),
}

impl Steps {
    /// A write of one request, with another way when the first is answered with a code.
    pub(super) fn one(step: Step, otherwise: Option<(ResultCode, Step)>) -> Self {
        let otherwise = otherwise.map(|(code, step)| (code, vec![step]));
        Self {
            left: [step].into(),
            otherwise,
            makes: None,
            progress: Progress::Untouched,
        }
    }

    /// The making of an account.
    pub(super) fn creation(creation: Creation, dn: &str) -> Self {
        Self {
            left: creation.steps.into(),
            otherwise: creation.otherwise.map(|steps| (ResultCode::UNWILLING, steps)),
            makes: Some(dn.to_owned()),
            progress: Progress::Untouched,
        }
    }

    /// What is left of the making of an account that was not begun here, and is not deleted here either.
    pub(super) fn rest(steps: Vec<Step>) -> Self {
        Self {
            left: steps.into(),
            otherwise: None,
            makes: None,
            progress: Progress::Begun,
        }
    }

    fn answered(mut self, doing: Doing, reply: Result<Reply, LdapError>) -> State {
        let result = match reply {
            Ok(reply) => reply.result,
            Err(error) => return State::Done(Outcome::Failed(error.to_refusal())),
        };
        let gone = doing == Doing::Delete && result.code == ResultCode::NO_SUCH_OBJECT;
        match (result.code == ResultCode::SUCCESS || gone, self.progress) {
            (true, Progress::Undoing(outcome)) => State::Done(outcome),
            (false, Progress::Undoing(Outcome::Refused(refusal) | Outcome::Failed(refusal))) => {
                let undoing = explain(Doing::Delete, &result);
                let message = format!(
                    "{}; the account was made without it and could not be deleted again: {undoing}",
                    refusal.message
                );
                State::Done(Outcome::Failed(Refusal { message, ..refusal }))
            }
            (true, _) if self.left.is_empty() => State::Written,
            (true, _) => {
                self.otherwise = None;
                self.progress = Progress::Begun;
                State::Steps(self)
            }
            (false, progress) => {
                self.progress = progress;
                self.failed(doing, &result)
            }
        }
    }

    fn failed(mut self, doing: Doing, result: &LdapResult) -> State {
        let of_password = Diagnosis::of(result).windows == Some(PASSWORD_RESTRICTION);
        if let Some((_, steps)) = self
            .otherwise
            .take_if(|(code, _)| *code == result.code && !of_password)
        {
            self.left = steps.into();
            return State::Steps(self);
        }
        match (&self.progress, self.makes.take()) {
            (Progress::Begun, Some(dn)) => {
                self.progress = Progress::Undoing(outcome_of(doing, result));
                self.left = [Step {
                    doing: Doing::Delete,
                    request: Operation::Delete { dn }.into(),
                }]
                .into();
                State::Steps(self)
            }
            _ => State::Done(outcome_of(doing, result)),
        }
    }
}

impl Job {
    pub(super) fn new(write: Write) -> Self {
        Self {
            account: write.target.clone(),
            write,
            found: None,
            excluded: None,
            state: State::Open,
        }
    }

    /// The next request to send, if one is left.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        match &mut self.state {
            State::Steps(steps) => steps.left.pop_front(),
            _ => None,
        }
    }

    /// Takes the answer to the step that was sent.
    pub(super) fn answered(&mut self, doing: Doing, reply: Result<Reply, LdapError>) {
        let state = std::mem::replace(&mut self.state, State::Open);
        self.state = match state {
            State::Steps(steps) => steps.answered(doing, reply),
            other => other,
        };
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
            _ => Outcome::Failed(super::rules::refusal(
                "the write was not carried through",
                "Run again.",
            )),
        };
        Applied {
            outcome,
            account: self.account,
        }
    }
}

/// What a server's refusal makes of a write.
pub(super) fn outcome_of(doing: Doing, result: &LdapResult) -> Outcome {
    let refusal = explain(doing, result);
    if Diagnosis::of(result).may_pass() {
        Outcome::Failed(refusal)
    } else {
        Outcome::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(code: ResultCode, diagnostic: &str) -> LdapResult {
        let diagnostic = diagnostic.to_owned();
        LdapResult {
            code,
            matched: String::new(),
            diagnostic,
            referrals: Vec::new(),
            name: None,
        }
    }

    fn adding(dn: &str) -> Step {
        let dn = dn.to_owned();
        Step {
            doing: Doing::Create,
            request: Operation::Add {
                dn,
                attributes: Vec::new(),
            }
            .into(),
        }
    }

    fn setting(dn: &str) -> Step {
        Step::modify(Doing::Create, dn, Vec::new())
    }

    /// Goes through the creation of `cn=a` with these answers, and tells what was asked and how it ended.
    fn play(answers: &[(ResultCode, &str)]) -> (Vec<&'static str>, State) {
        let creation = Creation {
            steps: vec![adding("cn=a")],
            otherwise: Some(vec![adding("cn=a"), setting("cn=a"), setting("cn=a")]),
        };
        let mut state = State::Steps(Steps::creation(creation, "cn=a"));
        let mut asked = Vec::new();
        for (code, text) in answers {
            let State::Steps(mut steps) = state else {
                panic!("ended early: {state:?}")
            };
            let step = steps.left.pop_front().unwrap();
            asked.push(match step.request.operation {
                Operation::Add { .. } => "add",
                Operation::Modify { .. } => "modify",
                Operation::Delete { .. } => "delete",
                _ => "other",
            });
            let reply = Reply {
                result: result(*code, text),
                entries: Vec::new(),
            };
            state = steps.answered(step.doing, Ok(reply));
        }
        (asked, state)
    }

    const DONE: (ResultCode, &str) = (ResultCode::SUCCESS, "");
    const UNWILLING: (ResultCode, &str) = (ResultCode::UNWILLING, "0000001F: SvcErr");
    const WEAK: (ResultCode, &str) = (ResultCode::UNWILLING, "0000052D: SvcErr");

    #[test]
    fn a_creation_that_is_not_taken_at_once_is_made_in_steps() {
        let (asked, state) = play(&[UNWILLING, DONE, DONE, DONE]);
        assert_eq!(asked, ["add", "add", "modify", "modify"]);
        assert!(matches!(state, State::Written));
    }

    #[test]
    fn a_weak_password_is_not_tried_in_steps() {
        let (asked, state) = play(&[WEAK]);
        assert_eq!(asked, ["add"]);
        assert!(matches!(state, State::Done(Outcome::Refused(_))));
    }

    #[test]
    fn what_was_made_goes_again_when_a_later_step_is_refused() {
        let (asked, state) = play(&[UNWILLING, DONE, WEAK, DONE]);
        assert_eq!(asked, ["add", "add", "modify", "delete"]);
        let State::Done(Outcome::Refused(refusal)) = state else {
            panic!("{state:?}")
        };
        assert_eq!(refusal.code, "53 0000052D");
        // Somebody else was faster.
        let gone = (ResultCode::NO_SUCH_OBJECT, "");
        assert!(matches!(
            play(&[UNWILLING, DONE, WEAK, gone]).1,
            State::Done(Outcome::Refused(_))
        ));
    }

    #[test]
    fn what_was_made_goes_again_when_the_server_is_busy_and_is_tried_again() {
        let (asked, state) = play(&[UNWILLING, DONE, (ResultCode(51), ""), DONE]);
        assert_eq!(asked, ["add", "add", "modify", "delete"]);
        assert!(matches!(state, State::Done(Outcome::Failed(_))), "{state:?}");
    }

    #[test]
    fn what_cannot_go_again_is_said() {
        let (_, state) = play(&[UNWILLING, DONE, WEAK, (ResultCode(50), "")]);
        let State::Done(Outcome::Failed(refusal)) = state else {
            panic!("{state:?}")
        };
        assert!(
            refusal.message.contains("could not be deleted again"),
            "{refusal}"
        );
    }

    #[test]
    fn nothing_is_deleted_that_was_not_made_here() {
        let (asked, state) = play(&[(ResultCode::EXISTS, "")]);
        assert_eq!(asked, ["add"]);
        assert!(matches!(state, State::Done(Outcome::Refused(_))));
        let steps = Steps {
            left: [].into(),
            ..Steps::rest(vec![setting("cn=a")])
        };
        let reply = Reply {
            result: result(WEAK.0, WEAK.1),
            entries: Vec::new(),
        };
        assert!(matches!(
            steps.answered(Doing::Create, Ok(reply)),
            State::Done(Outcome::Refused(_))
        ));
    }
}
