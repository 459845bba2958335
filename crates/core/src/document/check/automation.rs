//! `kind: automation`.

use super::super::automation::{Automation, Guards, Rules, Schedule, Step, StepList};
use super::super::scalar::OneOrMany;
use super::super::set::Kind;
use super::super::tree::join;
use super::{Checker, cron};
use crate::profile::PersonKey;

impl Checker<'_> {
    pub(super) fn automation(&mut self, automation: &Automation) {
        self.reference("source", Kind::DataSource, &automation.source);
        self.reference("directory", Kind::Directory, &automation.directory);
        self.correlation(automation);
        if let Some(display) = &automation.display {
            self.attribute("display", display);
        }
        self.rules(automation);
        self.guards(&automation.guards);
        self.run_notices(automation);
        if automation.approval.is_some() {
            let hint = "a run that needs approval is held, for somebody to look at it";
            self.warning("approval", "`approval`, on which this version does not act", hint);
        }
        if let Some(schedule) = &automation.schedule {
            self.schedule(schedule);
        }
    }

    fn correlation(&mut self, automation: &Automation) {
        if automation.correlate.is_empty() {
            let hint = "without one, accounts that exist already are not found; write for example `[employeeID, mail]`";
            self.warning("correlate", "no attribute to recognise accounts by", hint);
        }
        let source = self.documents.data_source(&automation.source);
        for (at, name) in automation.correlate.iter().enumerate() {
            let path = format!("correlate[{at}]");
            self.attribute(&path, name);
            if let Some(source) = source {
                let mapped: Vec<_> = source.attributes.keys().collect();
                let given = format!("data_source `{}`", source.name);
                self.known(&path, [name.as_str()], &mapped, &given);
            }
        }
    }

    fn rules(&mut self, automation: &Automation) {
        let documents = self.documents;
        let source = documents.data_source(&automation.source);
        let directory = documents.directory(&automation.directory);
        if let (Some(source), Some(directory)) = (source, directory) {
            self.mapped_in_use(source, directory);
        }
        let Rules {
            joiner,
            mover,
            leaver,
            rehire,
        } = &automation.rules;
        let mut some = false;
        for (event, list) in [
            ("joiner", joiner),
            ("mover", mover),
            ("leaver", leaver),
            ("rehire", rehire),
        ] {
            let Some(list) = list else { continue };
            some = true;
            let path = join("rules", event);
            match list {
                StepList::Steps(steps) => {
                    self.steps(&path, steps);
                    self.steps_in_use(&path, steps, source, directory);
                    self.creation(&path, event, steps);
                    self.order_of_calls(&path, event, steps);
                }
                StepList::Policy(used) => {
                    self.reference(&join(&path, "policy"), Kind::Policy, &used.policy);
                    let Some(policy) = documents.policy(&used.policy) else {
                        continue;
                    };
                    self.about(Kind::Policy, &policy.name);
                    self.steps_in_use("steps", &policy.steps, source, directory);
                    self.order_of_calls("steps", event, &policy.steps);
                    self.about(Kind::Automation, &automation.name);
                }
            }
        }
        if !some {
            let hint = "write what is done, for example `joiner: [{ create_account: { template: staff } }]`";
            self.warning("rules", "no rule, so that nothing is ever done", hint);
        }
    }

    /// Only somebody who starts or comes back can need an account.
    fn creation(&mut self, path: &str, event: &str, steps: &[Step]) {
        if event != "leaver" {
            return;
        }
        for (at, step) in steps.iter().enumerate() {
            if step.create_account.is_some() {
                let hint = "nobody who leaves needs an account; move it to `joiner`";
                self.error(
                    &format!("{path}[{at}].create_account"),
                    "an account made for leavers",
                    hint,
                );
            }
        }
    }

    fn guards(&mut self, guards: &Guards) {
        if let Some(shrink) = &guards.shrink
            && shrink.per.is_some()
        {
            let hint = format!(
                "what came is compared with what is known now; write `{}`",
                shrink.limit
            );
            self.error("guards.shrink", format!("`{shrink}`, with a span of time"), hint);
        }
        let limits = [
            ("creates", &guards.creates),
            ("modifies", &guards.modifies),
            ("moves", &guards.moves),
            ("disables", &guards.disables),
            ("deletes", &guards.deletes),
            ("calls", &guards.calls),
        ];
        for (name, limits) in limits {
            if matches!(limits, Some(OneOrMany::Many(limits)) if limits.is_empty()) {
                let hint = "leave it out for the limit that holds when nothing is said, or write one";
                self.error(&join("guards", name), "an empty list", hint);
            }
        }
        for (at, canary) in guards.canaries.iter().enumerate() {
            if PersonKey::new(canary).is_none() {
                let hint = format!(
                    "write the primary key of a person, up to {} bytes",
                    PersonKey::MAX_LENGTH
                );
                self.error(
                    &format!("guards.canaries[{at}]"),
                    format!("`{canary}`, which is not a key"),
                    hint,
                );
            }
        }
    }

    fn schedule(&mut self, schedule: &Schedule) {
        if let Err(found) = cron::check(&schedule.cron) {
            let hint =
                "write minute, hour, day of the month, month and day of the week, for example `*/15 * * * *`";
            self.error("schedule.cron", found, hint);
        }
        if let Some(zone) = &schedule.time_zone {
            self.time_zone("schedule.time_zone", zone);
        }
        let hint = "start runs by `tenure run` from the system's own scheduler";
        self.warning("schedule", "`schedule`, on which this version does not act", hint);
    }
}
