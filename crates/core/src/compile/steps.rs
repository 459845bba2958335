//! Steps of rules: what each asks for, ready to be compared with accounts.

mod home_folder;

use jiff::SignedDuration;

use crate::action::{Action, Below};
use crate::attribute::{AttributeIndex, AttributeName};
use crate::document::{self, DirectoryKind, ModifyAttributes, OneOrMany, Span, StepList};
use crate::expression::{Condition, Format};
use crate::link::StepKey;
use crate::plan::{
    CloudTask, Event, MailboxTask, PROXY_ADDRESSES, Perform, Recipient, RemoteMailbox, Step, Task, Teller,
};

use super::{CompileError, Compiler, column_or_format, fault, formats, missing};

/// When a task of a step comes, counted like the step's `after`.
fn later(after: Option<Span>, keeps: SignedDuration) -> Option<SignedDuration> {
    match after {
        Some(after) => Some(after.0.saturating_add(keeps)),
        None => keeps.is_positive().then_some(keeps),
    }
}

/// The names by which the steps of a rule are remembered that no directory shows to be done.
struct Keys {
    event: Event,
    given: Vec<String>,
}

impl Keys {
    /// The next step of a rule that does this.
    fn of(&mut self, what: &str) -> StepKey {
        self.given.push(what.to_owned());
        let nth = self.given.iter().filter(|given| *given == what).count();
        StepKey::new(self.event, what, nth)
    }
}

impl Compiler<'_> {
    /// The steps of a rule.
    pub(super) fn steps(
        &mut self,
        list: Option<&StepList>,
        event: Event,
        at: &str,
    ) -> Result<Vec<Step>, CompileError> {
        let (steps, origin) = match list {
            None => return Ok(Vec::new()),
            Some(StepList::Steps(steps)) => (steps, event.name().to_owned()),
            Some(StepList::Policy(used)) => {
                let policy = self
                    .documents
                    .policy(&used.policy)
                    .ok_or_else(|| missing("policy", &used.policy, at))?;
                (&policy.steps, format!("{event}, policy {}", policy.name))
            }
        };
        let mut compiled = Vec::with_capacity(steps.len());
        let mut keys = Keys {
            event,
            given: Vec::new(),
        };
        for (step, number) in steps.iter().zip(1..) {
            let at = format!("{at}, {origin}, step {number}");
            for task in self.tasks(step, &mut keys, &at)? {
                let origin = match &task {
                    Task::Create(template) | Task::ByTemplate(template) => {
                        format!("{origin}, template {}", template.name)
                    }
                    _ => origin.clone(),
                };
                compiled.push(Step {
                    origin,
                    when: step
                        .when
                        .as_deref()
                        .map(Condition::parse)
                        .transpose()
                        .map_err(fault(&at))?,
                    after: later(step.after, task.keeps()),
                    task,
                });
            }
        }
        Ok(compiled)
    }

    /// The mover rule's `set_manager`.
    pub(super) fn manager(
        &mut self,
        list: Option<&StepList>,
        at: &str,
    ) -> Result<Option<(AttributeIndex, Format)>, CompileError> {
        let steps = match list {
            None => return Ok(None),
            Some(StepList::Steps(steps)) => steps,
            Some(StepList::Policy(used)) => match self.documents.policy(&used.policy) {
                Some(policy) => &policy.steps,
                None => return Ok(None),
            },
        };
        let format = steps.iter().find_map(|step| step.set_manager.as_deref());
        let format = format.map(column_or_format).transpose().map_err(fault(at))?;
        Ok(format.map(|format| (self.dictionary.add(AttributeName::new("manager")), format)))
    }

    /// What a step asks for; nothing for `set_manager`, which is asked of all people together.
    fn tasks(&mut self, step: &document::Step, keys: &mut Keys, at: &str) -> Result<Vec<Task>, CompileError> {
        if let Some(disable) = &step.disable {
            return self.disable(disable, keys, at);
        }
        let folders = self.home_folder(step, keys, at)?;
        if !folders.is_empty() {
            return Ok(folders.into_iter().map(Task::Perform).collect());
        }
        let task = match self.performed(step, keys, at)? {
            Some(perform) => Some(Task::Perform(perform)),
            None => match self.task(step, at)? {
                Some(task) => Some(task),
                None => match self.beside(step, keys, at)? {
                    Some(task) => Some(task),
                    None => self.cloud(step, keys, at)?.map(Task::Cloud),
                },
            },
        };
        Ok(task.into_iter().collect())
    }

    /// What a step asks of an account's existence, attributes, place, groups and access.
    fn task(&mut self, step: &document::Step, at: &str) -> Result<Option<Task>, CompileError> {
        let task = if let Some(create) = &step.create_account {
            Task::Create(Box::new(self.template(&create.template, at)?))
        } else if let Some(name) = &step.modify_by_template {
            Task::ByTemplate(Box::new(self.template(name, at)?))
        } else if let Some(modify) = &step.modify_attributes {
            self.modify(modify, at)?
        } else if let Some(container) = &step.move_to {
            Task::Move(Format::parse(container).map_err(fault(at))?)
        } else if let Some(groups) = &step.add_to_groups {
            self.needs_groups = true;
            match groups {
                OneOrMany::One(left) if left == "remembered" => Task::RejoinGroups,
                groups => Task::AddToGroups(formats(groups.as_slice(), at)?),
            }
        } else if let Some(groups) = &step.remove_from_groups {
            self.needs_groups = true;
            no_groups(groups, at)?
        } else if let Some(across) = &step.move_across_groups {
            self.needs_groups = true;
            Task::AcrossGroups {
                to: formats(across.to.as_slice(), at)?,
                among: formats(across.among.as_slice(), at)?,
            }
        } else if step.enable.is_some() {
            Task::Enable
        } else if let Some(delete) = &step.delete {
            Task::Delete(if delete.children {
                Below::Deleted
            } else {
                Below::Kept
            })
        } else {
            return Ok(None);
        };
        Ok(Some(task))
    }

    /// What a step asks of what directories keep beside attributes and groups.
    fn beside(
        &mut self,
        step: &document::Step,
        keys: &mut Keys,
        at: &str,
    ) -> Result<Option<Task>, CompileError> {
        Ok(Some(if let Some(rule) = &step.reset_password {
            Task::ResetPassword {
                rule: rule.clone(),
                key: keys.of("reset_password"),
            }
        } else if step.unlock.is_some() {
            let attribute = match self.directory {
                DirectoryKind::Ldap => "pwdAccountLockedTime",
                _ => "lockoutTime",
            };
            Task::Unlock(self.dictionary.add(AttributeName::new(attribute)))
        } else if let Some(expiry) = step.set_expiry {
            Task::Expire(self.dictionary.add(AttributeName::new("accountExpires")), expiry)
        } else if step.set_photo.is_some() || step.remove_photo.is_some() {
            let attribute = match self.directory {
                // No listing shows pictures.
                DirectoryKind::Microsoft365 => None,
                DirectoryKind::Ldap => Some("jpegPhoto"),
                DirectoryKind::ActiveDirectory | DirectoryKind::Local => Some("thumbnailPhoto"),
            };
            let photo = step.set_photo.as_deref().map(column_or_format);
            Task::Photo {
                attribute: attribute.map(|name| self.dictionary.add(AttributeName::new(name))),
                photo: photo.transpose().map_err(fault(at))?,
                key: keys.of("photo"),
            }
        } else if let Some(restore) = step.restore {
            Task::Restore(restore.within.0)
        } else {
            return Ok(self.mailbox(step, at)?.map(Task::Mailbox));
        }))
    }

    /// What a step asks of the attributes of Exchange and Skype for Business.
    fn mailbox(&mut self, step: &document::Step, at: &str) -> Result<Option<MailboxTask>, CompileError> {
        let mut index = |name| self.dictionary.add(AttributeName::new(name));
        Ok(Some(if let Some(mailbox) = &step.enable_remote_mailbox {
            let alias = mailbox.alias.as_deref().map(Format::parse);
            MailboxTask::Enable(RemoteMailbox {
                routing_domain: mailbox.routing_domain.clone(),
                alias: alias.transpose().map_err(fault(at))?,
                remote_type: index("msExchRemoteRecipientType"),
                display_type: index("msExchRecipientDisplayType"),
                type_details: index("msExchRecipientTypeDetails"),
                target: index("targetAddress"),
                nickname: index("mailNickname"),
                addresses: index(PROXY_ADDRESSES),
                mail: index("mail"),
                login: index("sAMAccountName"),
            })
        } else if step.disable_remote_mailbox.is_some() {
            let told = [
                "msExchRemoteRecipientType",
                "msExchRecipientDisplayType",
                "msExchRecipientTypeDetails",
                "targetAddress",
                "mailNickname",
            ];
            MailboxTask::Disable(told.map(index).to_vec())
        } else if step.disable_lync.is_some() {
            MailboxTask::DisableLync(index("msRTCSIP-UserEnabled"))
        } else if let Some(hide) = step.hide_from_address_lists {
            MailboxTask::Hide(index("msExchHideFromAddressLists"), hide)
        } else {
            return Ok(None);
        }))
    }

    /// Sign-in goes first, whatever becomes of the rest.
    fn disable(
        &mut self,
        disable: &document::Disable,
        keys: &mut Keys,
        at: &str,
    ) -> Result<Vec<Task>, CompileError> {
        let mut tasks = vec![Task::Disable];
        let hides = disable.hide_from_address_lists.then(|| {
            let name = AttributeName::new("msExchHideFromAddressLists");
            (name, "TRUE".to_owned())
        });
        let mut values = Vec::with_capacity(disable.stamp.len() + 1);
        for (name, format) in disable.stamp.clone().into_iter().chain(hides) {
            let format = Format::parse(&format).map_err(fault(at))?;
            values.push((self.dictionary.add(name), format));
        }
        if !values.is_empty() {
            let key = keys.of("stamp");
            tasks.push(Task::Stamp { values, key });
        }
        if let Some(groups) = &disable.remove_from_groups {
            self.needs_groups = true;
            tasks.push(no_groups(groups, at)?);
        }
        if let Some(container) = &disable.move_to {
            tasks.push(Task::Move(Format::parse(container).map_err(fault(at))?));
        }
        Ok(tasks)
    }

    /// What a step does that touches no directory. None for a write.
    fn performed(
        &mut self,
        step: &document::Step,
        keys: &mut Keys,
        at: &str,
    ) -> Result<Option<Perform>, CompileError> {
        if let Some(call) = &step.call_webhook {
            let application = self
                .documents
                .application(&call.application)
                .ok_or_else(|| missing("application", &call.application, at))?;
            let webhook = application.webhook(&call.webhook).ok_or_else(|| CompileError {
                at: at.to_owned(),
                why: format!(
                    "the application `{}` has no webhook `{}`",
                    call.application, call.webhook
                ),
            })?;
            return Ok(Some(Perform {
                action: Action::CallWebhook {
                    application: call.application.clone(),
                    webhook: call.webhook.clone(),
                    with: Vec::new(),
                },
                to: Vec::new(),
                key: keys.of(&format!("{}/{}", call.application, call.webhook)),
                reads: self.reads(webhook.attributes()),
                folder: None,
            }));
        }
        if let Some(name) = &step.run_script {
            let script = self.documents.script(name);
            let script = script.ok_or_else(|| missing("script", name, at))?;
            return Ok(Some(Perform {
                action: Action::RunScript {
                    script: name.clone(),
                    with: Vec::new(),
                },
                to: Vec::new(),
                key: keys.of(&format!("script {name}")),
                reads: self.reads(script.named()),
                folder: None,
            }));
        }
        let Some(notify) = &step.notify else {
            return Ok(None);
        };
        let message = self.documents.notification(&notify.template);
        let message = message.ok_or_else(|| missing("notification", &notify.template, at))?;
        let mut reads = self.reads(message.attributes());
        let address = self.dictionary.add(message.address.clone());
        let to = self.recipients(notify.to.as_slice(), address, &mut reads, at)?;
        let mut known = std::collections::HashSet::new();
        reads.retain(|index| known.insert(index.0));
        Ok(Some(Perform {
            action: Action::Notify {
                message: notify.template.clone(),
                to: Vec::new(),
                with: Vec::new(),
            },
            to,
            key: keys.of(&format!("notification {}", notify.template)),
            reads,
            folder: None,
        }))
    }

    /// To whom messages go. What they are found by is added to `reads`; `address` is the attribute with addresses.
    pub(super) fn recipients(
        &mut self,
        texts: &[String],
        address: AttributeIndex,
        reads: &mut Vec<AttributeIndex>,
        at: &str,
    ) -> Result<Vec<Recipient>, CompileError> {
        let mut to = Vec::with_capacity(texts.len());
        for text in texts {
            to.push(match text.as_str() {
                channel if document::Channel::named(channel).is_some() => {
                    Recipient::Channel(channel.to_owned())
                }
                "person" => {
                    reads.push(address);
                    Recipient::Person(address)
                }
                "manager" => {
                    let link = self.dictionary.add(AttributeName::new("manager"));
                    reads.push(link);
                    Recipient::Manager { link, address }
                }
                text => {
                    let format = Format::parse(text).map_err(fault(at))?;
                    let named = format.columns().map(|(name, _)| AttributeName::new(name));
                    reads.extend(self.reads(named.collect()));
                    if document::Notify::is_group(text) {
                        self.needs_groups = true;
                        Recipient::Group {
                            group: format,
                            address,
                        }
                    } else {
                        Recipient::Address(format)
                    }
                }
            });
        }
        Ok(to)
    }

    /// Who is told what was done for one person.
    pub(super) fn tellers(
        &mut self,
        automation: &document::Automation,
        at: &str,
    ) -> Result<Vec<Teller>, CompileError> {
        let mut tells = Vec::new();
        for (notice, number) in automation.notify.iter().zip(0u32..) {
            if notice.digest != document::DigestOf::Person {
                continue;
            }
            let message = match &notice.template {
                None => None,
                Some(name) => {
                    let message = self.documents.notification(name);
                    Some(message.ok_or_else(|| missing("notification", name, at))?)
                }
            };
            let address =
                message.map_or_else(|| AttributeName::new("mail"), |message| message.address.clone());
            let address = self.dictionary.add(address);
            let mut reads = Vec::new();
            let at = format!("{at}, notify[{number}]");
            tells.push(Teller {
                notice: number,
                to: self.recipients(notice.to.as_slice(), address, &mut reads, &at)?,
                reads,
            });
        }
        Ok(tells)
    }

    /// Attributes that are read because a step names them.
    fn reads(&mut self, names: Vec<AttributeName>) -> Vec<AttributeIndex> {
        let reads = names.into_iter().map(|name| {
            // Groups are kept where the planner looks for them.
            self.needs_groups |= name.is("memberOf");
            self.dictionary.add(name)
        });
        reads.collect()
    }

    /// What a step asks of a cloud directory.
    fn cloud(
        &mut self,
        step: &document::Step,
        keys: &mut Keys,
        at: &str,
    ) -> Result<Option<CloudTask>, CompileError> {
        let format = |text: &str| Format::parse(text).map_err(fault(at));
        Ok(Some(if let Some(licences) = &step.assign_licences {
            self.needs_licences = true;
            CloudTask::AssignLicences(formats(licences.as_slice(), at)?)
        } else if let Some(licences) = &step.revoke_licences {
            self.needs_licences = true;
            CloudTask::RevokeLicences(match licences {
                OneOrMany::One(all) if all == "all" => None,
                licences => Some(formats(licences.as_slice(), at)?),
            })
        } else if step.revoke_sessions.is_some() {
            CloudTask::RevokeSessions(keys.of("revoke_sessions"))
        } else if let Some(reply) = &step.set_auto_reply {
            let reply = match reply.texts() {
                None => None,
                Some((internal, external)) => Some((
                    format(internal)?,
                    external.map(format).transpose()?,
                    reply.audience(),
                )),
            };
            CloudTask::SetAutoReply(reply, keys.of("set_auto_reply"))
        } else if let Some(kind) = step.convert_mailbox {
            CloudTask::ConvertMailbox(kind, keys.of("convert_mailbox"))
        } else {
            return Ok(None);
        }))
    }

    fn modify(&mut self, modify: &ModifyAttributes, at: &str) -> Result<Task, CompileError> {
        Ok(match modify {
            ModifyAttributes::All(_) => Task::Modify(None),
            ModifyAttributes::These(names) => Task::Modify(Some(
                names
                    .iter()
                    .map(|name| self.dictionary.add(name.clone()))
                    .collect(),
            )),
            ModifyAttributes::Values(values) => {
                let mut set = Vec::with_capacity(values.len());
                for (name, value) in values {
                    let format = value
                        .as_deref()
                        .map(Format::parse)
                        .transpose()
                        .map_err(fault(at))?;
                    set.push((self.dictionary.add(name.clone()), format));
                }
                Task::Set(set)
            }
        })
    }
}

fn no_groups(groups: &OneOrMany<String>, at: &str) -> Result<Task, CompileError> {
    Ok(match groups {
        OneOrMany::One(all) if all == "all" => Task::RemoveFromGroups(None),
        groups => Task::RemoveFromGroups(Some(formats(groups.as_slice(), at)?)),
    })
}
