//! From documents to what a run works with: names looked up, attributes numbered, formats parsed.

use jiff::tz::TimeZone;

use crate::account::Access;
use crate::action::Action;
use crate::attribute::{AttributeIndex, AttributeName, Dictionary};
use crate::cloud::Licence;
use crate::document::{
    self, Automation, DataSource, DirectoryKind, Document, Documents, FileReading, GuardLimit, Guards,
    ModifyAttributes, OneOrMany, StepList,
};
use crate::expression::{Condition, ExpressionError, Format, Lookups, Table};
use crate::fetching::{By, Parts};
use crate::join::{KeyedEndpoint, Reading};
use crate::link::StepKey;
use crate::mapping::{Mapping, Zone};
use crate::microsoft365::{NAMING_ATTRIBUTE, Writing, property};
use crate::plan::{
    CloudTask, Event, Limit, Limits, NameKind, Perform, Recipient, Rules, Step, Tally, Task, Template,
    UniqueName,
};
use crate::profile::PersonKey;
use crate::record::Projection;

/// An automation ready to run.
#[derive(Debug)]
pub struct Compiled {
    /// How records are read and mapped.
    pub reading: Reading,
    /// What accounts should be.
    pub rules: Rules,
    /// The attributes that the source maps, in the order in which their values are counted.
    pub mapped: Vec<AttributeName>,
    /// The workflow that has to approve plans.
    pub approval: Option<String>,
}

/// Something in the documents that keeps an automation from running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct CompileError {
    /// Which document, and where in it.
    pub at: String,
    /// What is wrong.
    pub why: String,
}

/// Makes an automation ready to run.
pub fn compile(documents: &Documents, name: &str) -> Result<Compiled, CompileError> {
    let automation = documents
        .automation(name)
        .ok_or_else(|| missing("automation", name, "the command"))?;
    let at = format!("automation `{name}`");
    let source = documents
        .data_source(&automation.source)
        .ok_or_else(|| missing("data_source", &automation.source, &at))?;
    let lookups = lookups(documents);
    let mut compiler = Compiler {
        documents,
        dictionary: Dictionary::default(),
        needs_groups: false,
        needs_licences: false,
    };
    let reading = compiler.reading(source, &lookups)?;
    let rules = compiler.rules(automation, source, lookups, reading.mapping.uses_now(), &at)?;
    let reading = Reading {
        dictionary: rules.dictionary.clone(),
        ..reading
    };
    Ok(Compiled {
        reading,
        rules,
        mapped: source.attributes.keys().cloned().collect(),
        approval: automation.approval.clone(),
    })
}

/// Makes a data source ready to be fetched by itself.
pub fn compile_source(documents: &Documents, name: &str) -> Result<Reading, CompileError> {
    let source = documents
        .data_source(name)
        .ok_or_else(|| missing("data_source", name, "the command"))?;
    let mut compiler = Compiler {
        documents,
        dictionary: Dictionary::default(),
        needs_groups: false,
        needs_licences: false,
    };
    let reading = compiler.reading(source, &lookups(documents))?;
    Ok(Reading {
        dictionary: compiler.dictionary,
        ..reading
    })
}

fn missing(kind: &str, name: &str, at: &str) -> CompileError {
    CompileError {
        at: at.to_owned(),
        why: format!("there is no {kind} `{name}`"),
    }
}

/// The lookup tables among the documents.
pub fn lookups(documents: &Documents) -> Lookups {
    Lookups::new(documents.iter().filter_map(|document| match document {
        Document::Lookup(lookup) => {
            let entries = lookup.values.iter().map(|(key, value)| (key, value.0.clone()));
            Some((lookup.name.clone(), Table::new(entries, lookup.otherwise.clone())))
        }
        _ => None,
    }))
}

/// What a step does that touches no directory, see [`Compiler::performed`].
type Performed = (String, Action, Vec<AttributeIndex>, Vec<Recipient>);

struct Compiler<'d> {
    documents: &'d Documents,
    dictionary: Dictionary,
    needs_groups: bool,
    needs_licences: bool,
}

impl Compiler<'_> {
    fn reading(&mut self, source: &DataSource, lookups: &Lookups) -> Result<Reading, CompileError> {
        let at = |part: &str| format!("data_source `{}`, {part}", source.name);
        let mut attributes = Vec::with_capacity(source.attributes.len());
        for (name, mapping) in &source.attributes {
            let format =
                column_or_format(mapping.from()).map_err(fault(&at(&format!("attributes.{name}"))))?;
            attributes.push((self.dictionary.add(name.clone()), format));
        }
        let keys: Vec<(&str, &str)> = match &source.file {
            Some(file) => vec![(file.path.as_str(), file.primary_key.as_str())],
            None => source
                .endpoints
                .iter()
                .map(|used| (used.endpoint.as_str(), used.primary_key.as_str()))
                .collect(),
        };
        let mut endpoints = Vec::with_capacity(keys.len());
        for (name, key) in keys {
            let key = column_or_format(key).map_err(fault(&at("primary_key")))?;
            endpoints.push(KeyedEndpoint {
                name: name.to_owned(),
                key,
            });
        }
        let lifecycle = &source.lifecycle;
        let part = |text: &Option<String>, name: &str| {
            text.as_deref()
                .map(column_or_format)
                .transpose()
                .map_err(fault(&at(&format!("lifecycle.{name}"))))
        };
        let active = lifecycle.active.as_deref().map(Condition::parse).transpose();
        let mapping = Mapping {
            attributes,
            active: active.map_err(fault(&at("lifecycle.active")))?,
            starts: part(&lifecycle.starts, "starts")?,
            ends: part(&lifecycle.ends, "ends")?,
            zone: match lifecycle.time_zone.as_deref() {
                None => Zone::Fixed(TimeZone::UTC),
                Some(text) => match TimeZone::get(text) {
                    Ok(zone) => Zone::Fixed(zone),
                    Err(_) => Zone::From(column_or_format(text).map_err(fault(&at("lifecycle.time_zone")))?),
                },
            },
            lookups: lookups.clone(),
        };
        let parts = self.parts(source)?;
        let of_parts = parts.iter().flat_map(|parts| {
            let column = match &parts.by {
                By::Column(column, _) => Some(column),
                By::Time(_) | By::Source => None,
            };
            column
                .into_iter()
                .chain(&parts.id)
                .flat_map(Format::columns)
                .map(|(column, _)| column)
        });
        let projection = Projection::new(columns(&mapping, &endpoints).into_iter().chain(of_parts));
        Ok(Reading {
            projection,
            endpoints,
            mapping,
            parts,
            dictionary: Dictionary::default(),
        })
    }

    /// How the source can be fetched in parts; none when it is always fetched as a whole.
    fn parts(&self, source: &DataSource) -> Result<Option<Parts>, CompileError> {
        if let Some(file) = &source.file {
            return Ok((file.read != FileReading::Whole).then_some(Parts {
                by: By::Source,
                removed: None,
                id: None,
                full_every: None,
            }));
        }
        let ([used], Some(application)) = (source.endpoints.as_slice(), source.application.as_deref()) else {
            return Ok(None);
        };
        let endpoint = self
            .documents
            .application(application)
            .and_then(|application| application.endpoints.iter().find(|one| one.name == used.endpoint));
        let Some((endpoint, incremental)) = endpoint
            .filter(|endpoint| endpoint.for_each.is_none())
            .and_then(|endpoint| Some((endpoint, endpoint.incremental.as_ref()?)))
        else {
            return Ok(None);
        };
        let at = |part: &str| {
            format!(
                "application `{application}`, endpoint `{}`, incremental.{part}",
                endpoint.name
            )
        };
        let column = incremental.column.as_deref().map(column_or_format).transpose();
        let id = incremental.id.as_deref().map(column_or_format).transpose();
        let removed = incremental.removed.as_deref().map(Condition::parse).transpose();
        let overlap = incremental.overlap.0;
        Ok(Some(Parts {
            by: match (column.map_err(fault(&at("column")))?, &incremental.delta_link) {
                (_, Some(_)) => By::Source,
                (Some(column), None) => By::Column(column, overlap),
                (None, None) => By::Time(overlap),
            },
            removed: removed.map_err(fault(&at("removed")))?,
            id: id.map_err(fault(&at("id")))?,
            full_every: Some(incremental.full_every.0),
        }))
    }

    fn rules(
        mut self,
        automation: &Automation,
        source: &DataSource,
        lookups: Lookups,
        uses_now: bool,
        at: &str,
    ) -> Result<Rules, CompileError> {
        let correlate = automation
            .correlate
            .iter()
            .map(|name| self.dictionary.add(name.clone()))
            .collect();
        let rules = &automation.rules;
        let joiner = self.steps(rules.joiner.as_ref(), Event::Joiner, at)?;
        let mover = self.steps(rules.mover.as_ref(), Event::Mover, at)?;
        let leaver = self.steps(rules.leaver.as_ref(), Event::Leaver, at)?;
        let rehire = self.steps(rules.rehire.as_ref(), Event::Rehire, at)?;
        let display = match &automation.display {
            Some(name) => Some(self.dictionary.add(name.clone())),
            None => self.dictionary.index("displayName"),
        };
        let member_of = self
            .needs_groups
            .then(|| self.dictionary.add(AttributeName::new("memberOf")));
        let licences = self
            .needs_licences
            .then(|| self.dictionary.add(AttributeName::new(Licence::ATTRIBUTE)));
        let directory = self.documents.directory(&automation.directory);
        let by_step = |name: &AttributeName| {
            directory.is_some_and(|directory| directory.kind == DirectoryKind::Microsoft365)
                && property(name).is_some_and(|property| property.writing == Writing::Step)
        };
        let mapped = source
            .attributes
            .iter()
            .filter(|(name, _)| !by_step(name))
            .filter_map(|(name, mapping)| Some((self.dictionary.index(name.as_str())?, mapping.write())));
        Ok(Rules {
            correlate,
            mapped: mapped.collect(),
            joiner,
            mover,
            leaver,
            rehire,
            limits: limits(&automation.guards, at)?,
            lookups,
            documents: self.documents.digest_start(),
            uses_now,
            member_of,
            licences,
            display,
            dictionary: self.dictionary,
        })
    }

    fn steps(&mut self, list: Option<&StepList>, event: Event, at: &str) -> Result<Vec<Step>, CompileError> {
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
        let mut known: Vec<String> = Vec::new();
        for (step, number) in steps.iter().zip(1..) {
            let at = format!("{at}, {origin}, step {number}");
            let task = if let Some((what, action, reads, to)) = self.performed(step, &at)? {
                known.push(what.clone());
                let nth = known.iter().filter(|known| **known == what).count();
                Task::Perform(Perform {
                    action,
                    to,
                    key: StepKey::new(event, &what, nth),
                    reads,
                })
            } else if let Some(task) = self.task(step, &at)? {
                task
            } else {
                continue;
            };
            let origin = match &task {
                Task::Create(template) => format!("{origin}, template {}", template.name),
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
                after: step.after.map(|after| after.0),
                task,
            });
        }
        Ok(compiled)
    }

    /// What a step asks for; none for those that this version only accepts.
    fn task(&mut self, step: &document::Step, at: &str) -> Result<Option<Task>, CompileError> {
        let task = if let Some(create) = &step.create_account {
            Task::Create(Box::new(self.template(&create.template, at)?))
        } else if let Some(modify) = &step.modify_attributes {
            self.modify(modify, at)?
        } else if let Some(container) = &step.move_to {
            Task::Move(Format::parse(container).map_err(fault(at))?)
        } else if let Some(groups) = &step.add_to_groups {
            self.needs_groups = true;
            Task::AddToGroups(formats(groups.as_slice(), at)?)
        } else if let Some(groups) = &step.remove_from_groups {
            self.needs_groups = true;
            match groups {
                OneOrMany::One(all) if all == "all" => Task::RemoveFromGroups(None),
                groups => Task::RemoveFromGroups(Some(formats(groups.as_slice(), at)?)),
            }
        } else if step.enable.is_some() {
            Task::Enable
        } else if step.disable.is_some() {
            Task::Disable
        } else if step.delete.is_some() {
            Task::Delete
        } else {
            return Ok(self.cloud(step, at)?.map(Task::Cloud));
        };
        Ok(Some(task))
    }

    /// What a step does that touches no directory: what it is called, the action, the attributes that it needs, and
    /// to whom it goes. None for a write.
    fn performed(&mut self, step: &document::Step, at: &str) -> Result<Option<Performed>, CompileError> {
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
            let action = Action::CallWebhook {
                application: call.application.clone(),
                webhook: call.webhook.clone(),
                with: Vec::new(),
            };
            let what = format!("{}/{}", call.application, call.webhook);
            return Ok(Some((what, action, self.reads(webhook.attributes()), Vec::new())));
        }
        if let Some(name) = &step.run_script {
            let script = self.documents.script(name);
            let script = script.ok_or_else(|| missing("script", name, at))?;
            let action = Action::RunScript {
                script: name.clone(),
                with: Vec::new(),
            };
            let what = format!("script {name}");
            return Ok(Some((what, action, self.reads(script.named()), Vec::new())));
        }
        let Some(notify) = &step.notify else {
            return Ok(None);
        };
        let message = self.documents.notification(&notify.template);
        let message = message.ok_or_else(|| missing("notification", &notify.template, at))?;
        let mut reads = self.reads(message.attributes());
        let address = self.dictionary.add(message.address.clone());
        let mut to = Vec::new();
        for text in notify.to.as_slice() {
            to.push(match text.as_str() {
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
        let mut known = std::collections::HashSet::new();
        reads.retain(|index| known.insert(index.0));
        let action = Action::Notify {
            message: notify.template.clone(),
            to: Vec::new(),
            with: Vec::new(),
        };
        Ok(Some((
            format!("notification {}", notify.template),
            action,
            reads,
            to,
        )))
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
    fn cloud(&mut self, step: &document::Step, at: &str) -> Result<Option<CloudTask>, CompileError> {
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
            CloudTask::RevokeSessions
        } else if let Some(reply) = &step.set_auto_reply {
            CloudTask::SetAutoReply(match reply.texts() {
                None => None,
                Some((internal, external)) => Some((
                    format(internal)?,
                    external.map(format).transpose()?,
                    reply.audience(),
                )),
            })
        } else if let Some(photo) = &step.set_photo {
            CloudTask::SetPhoto(format(photo)?)
        } else if step.remove_photo.is_some() {
            CloudTask::RemovePhoto
        } else if let Some(kind) = step.convert_mailbox {
            CloudTask::ConvertMailbox(kind)
        } else if let Some(restore) = step.restore {
            CloudTask::Restore {
                within: restore.within.0,
            }
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

    fn template(&mut self, name: &str, at: &str) -> Result<Template, CompileError> {
        let template = self
            .documents
            .template(name)
            .ok_or_else(|| missing("template", name, at))?;
        let at = format!("template `{name}`");
        self.needs_groups |= !template.groups.is_empty();
        let mut unique = Vec::with_capacity(template.unique.len());
        for (attribute, names) in &template.unique {
            unique.push(UniqueName {
                attribute: self.dictionary.add(attribute.clone()),
                kind: NameKind::of(attribute),
                limit: names
                    .max_length()
                    .unwrap_or_else(|| NameKind::default_limit(attribute)),
                formats: formats(names.formats(), &at)?,
            });
        }
        in_order_of_need(&mut unique, &self.dictionary);
        let mut attributes: Vec<(AttributeIndex, Format)> = Vec::with_capacity(template.attributes.len());
        for (attribute, format) in &template.attributes {
            attributes.push((
                self.dictionary.add(attribute.clone()),
                Format::parse(format).map_err(fault(&at))?,
            ));
        }
        // Where there are no containers an account is called by the name that it signs in with.
        let container = template.container.as_deref().map(Format::parse).transpose();
        let container = container.map_err(fault(&at))?;
        let of_principal = (
            AttributeName::new(NAMING_ATTRIBUTE),
            vec![format!("{{{{ {NAMING_ATTRIBUTE} }}}}")],
        );
        let (rdn_attribute, rdn) = if container.is_some() {
            (template.rdn_attribute.clone(), template.rdn.as_slice().to_vec())
        } else {
            of_principal
        };
        Ok(Template {
            name: name.to_owned(),
            container,
            rdn_attribute,
            rdn: formats(&rdn, &at)?,
            unique,
            attributes,
            groups: formats(&template.groups, &at)?,
            password: template.password.clone(),
            access: if template.enabled {
                Access::Enabled
            } else {
                Access::Disabled
            },
        })
    }
}

/// Puts names that are made from other names after those: an address after the login that it begins with.
fn in_order_of_need(unique: &mut Vec<UniqueName>, dictionary: &Dictionary) {
    let mut ordered: Vec<UniqueName> = Vec::with_capacity(unique.len());
    while !unique.is_empty() {
        let needs = |name: &UniqueName, other: &UniqueName| {
            let other = dictionary.name(other.attribute);
            name.formats
                .iter()
                .flat_map(Format::columns)
                .any(|(read, _)| other.is_some_and(|other| other.is(read)))
        };
        let ready = unique.iter().position(|name| {
            unique
                .iter()
                .all(|other| other.attribute == name.attribute || !needs(name, other))
        });
        // Names that need each other are taken as they stand; each then sees the mapped values of the others.
        ordered.push(unique.remove(ready.unwrap_or(0)));
    }
    *unique = ordered;
}

/// Everything of a record that something reads.
fn columns<'m>(mapping: &'m Mapping, endpoints: &'m [KeyedEndpoint]) -> Vec<&'m str> {
    let zone = match &mapping.zone {
        Zone::Fixed(_) => None,
        Zone::From(format) => Some(format),
    };
    let formats = mapping.attributes.iter().map(|(_, format)| format);
    let others = [mapping.starts.as_ref(), mapping.ends.as_ref(), zone];
    formats
        .chain(others.into_iter().flatten())
        .chain(endpoints.iter().map(|endpoint| &endpoint.key))
        .flat_map(Format::columns)
        .chain(mapping.active.iter().flat_map(Condition::columns))
        .map(|(column, _)| column)
        .collect()
}

/// A text that is a column's path, or a format when there are braces in it.
pub fn column_or_format(text: &str) -> Result<Format, ExpressionError> {
    if text.contains("{{") {
        Format::parse(text)
    } else {
        Format::column(text)
    }
}

fn formats(texts: &[String], at: &str) -> Result<Vec<Format>, CompileError> {
    texts
        .iter()
        .map(|text| Format::parse(text))
        .collect::<Result<_, _>>()
        .map_err(fault(at))
}

fn fault(at: &str) -> impl FnOnce(ExpressionError) -> CompileError + use<> {
    let at = at.to_owned();
    move |error| CompileError {
        at,
        why: error.to_string(),
    }
}

/// The guards, with those that hold when nothing is said.
fn limits(guards: &Guards, at: &str) -> Result<Limits, CompileError> {
    let said = [
        (Tally::Creates, &guards.creates, None),
        (Tally::Modifies, &guards.modifies, None),
        (Tally::Moves, &guards.moves, None),
        (Tally::Disables, &guards.disables, Some(Limit::Percent(10.0))),
        (Tally::Deletes, &guards.deletes, Some(Limit::Percent(5.0))),
    ];
    let mut limits = Limits {
        shrink: Some(guards.shrink.map_or(Limit::Percent(20.0), |shrink| shrink.limit)),
        ..Limits::default()
    };
    for (tally, said, otherwise) in said {
        let said: &[GuardLimit] = said.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
        for limit in said {
            match limit.per {
                Some(span) => limits.budgets.push((tally, limit.limit, span.0)),
                None => limits.per_run.push((tally, limit.limit)),
            }
        }
        if !said.iter().any(|limit| limit.per.is_none()) {
            limits.per_run.extend(otherwise.map(|limit| (tally, limit)));
        }
    }
    for canary in &guards.canaries {
        let key = PersonKey::new(canary).ok_or_else(|| CompileError {
            at: format!("{at}, guards.canaries"),
            why: format!("`{canary}` is not a person's key"),
        })?;
        limits.canaries.push(key);
    }
    Ok(limits)
}
