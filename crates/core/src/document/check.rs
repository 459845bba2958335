//! What documents say of each other, and every expression, path, name and address in them. What one document's fields
//! look like is settled before, when it is read.

mod application;
mod automation;
mod captures;
mod channel;
mod cloud;
mod cron;
mod data_source;
mod directory;
mod directory_scope;
mod directory_steps;
mod exchange;
mod filter;
mod fixture;
mod home_folder;
mod incremental;
mod lookup;
mod microsoft365;
mod names;
mod notification;
mod paging;
mod repeat;
mod run_notice;
mod script;
mod steps;
mod template;
mod texts;
mod webhook;

use std::collections::BTreeSet;

use super::error::{DocumentError, Severity, closest, one_of};
use super::set::{Document, Documents, Kind};

/// Checks all documents together. A document that is named but not there is a warning, since a folder may hold only a
/// part of them. What [`load`](super::load) found is not said again.
pub fn check(documents: &Documents) -> Vec<DocumentError> {
    let mut checker = Checker::new(documents, Strictness::Writing);
    for document in documents.iter() {
        checker.document(document);
    }
    checker.finish()
}

/// What keeps an automation from running: errors in it and in all that it names, one after the other. Here a document
/// that is named but not there is an error too. Warnings are left out.
pub fn check_automation(documents: &Documents, name: &str) -> Vec<DocumentError> {
    let mut checker = Checker::new(documents, Strictness::Running);
    if documents.automation(name).is_none() {
        checker.about(Kind::Automation, name);
        let known = documents.names(Kind::Automation);
        let hint = if documents.is_unusable(Kind::Automation, name) {
            "correct its errors first, see `tenure check`".to_owned()
        } else if known.clone().next().is_none() {
            "write a document with `kind: automation`".to_owned()
        } else {
            one_of(name, known)
        };
        checker.error("", "no such document that can be used", hint);
        return checker.errors;
    }
    let mut known = BTreeSet::new();
    checker.references.push((Kind::Automation, name.to_owned()));
    while let Some((kind, name)) = checker.references.pop() {
        if !known.insert((kind, name.clone())) {
            continue;
        }
        if let Some(document) = documents.get(kind, &name) {
            checker.document(document);
        }
    }
    let mut errors = checker.finish();
    errors.retain(DocumentError::is_error);
    errors
}

/// How a document that is named but not there is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// As a warning: it may be elsewhere, or still to be written.
    Writing,
    /// As an error: it is needed now.
    Running,
}

/// Goes through documents and collects what is wrong with them.
struct Checker<'d> {
    documents: &'d Documents,
    strictness: Strictness,
    /// The document that is being looked at.
    kind: Kind,
    name: String,
    errors: Vec<DocumentError>,
    /// Documents that those looked at so far name.
    references: Vec<(Kind, String)>,
}

impl<'d> Checker<'d> {
    fn new(documents: &'d Documents, strictness: Strictness) -> Self {
        let (kind, name) = (Kind::Automation, String::new());
        Self {
            documents,
            strictness,
            kind,
            name,
            errors: Vec::new(),
            references: Vec::new(),
        }
    }

    fn about(&mut self, kind: Kind, name: &str) {
        self.kind = kind;
        name.clone_into(&mut self.name);
    }

    fn document(&mut self, document: &Document) {
        self.about(document.kind(), document.name());
        match document {
            Document::Application(application) => self.application(application),
            Document::DataSource(source) => self.data_source(source),
            Document::Directory(directory) => self.directory(directory),
            Document::Template(template) => self.template(template),
            Document::Automation(automation) => self.automation(automation),
            Document::Policy(policy) => self.steps("steps", &policy.steps),
            Document::Lookup(lookup) => self.lookup(lookup),
            Document::Script(script) => self.script(script),
            Document::Notification(notification) => self.notification(notification),
            Document::MailServer(server) => self.mail_server(server),
            Document::Channel(channel) => self.channel(channel),
            Document::Share(share) => self.share(share),
            Document::Format(format) => self.named_format(format),
            Document::Fixture(fixture) => self.fixture(fixture),
        }
    }

    fn error(&mut self, path: &str, found: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, path, found.into(), hint.into());
    }

    fn warning(&mut self, path: &str, found: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, path, found.into(), hint.into());
    }

    fn add(&mut self, severity: Severity, path: &str, found: String, hint: String) {
        let origin = self.documents.origin(self.kind, &self.name);
        let at = origin.map(|origin| origin.position(path)).unwrap_or_default();
        let error = DocumentError {
            file: origin.and_then(|origin| origin.file.clone()),
            document: format!("{} `{}`", self.kind, self.name),
            path: path.to_owned(),
            line: at.line,
            column: at.column,
            found,
            hint,
            severity,
        };
        self.errors.push(error);
    }

    /// What was found, in the order of the files. A template or policy that several automations use was looked at with
    /// each of them, and is complained of once.
    fn finish(self) -> Vec<DocumentError> {
        fn place(error: &DocumentError) -> impl Ord + '_ {
            (
                &error.file,
                error.line,
                error.column,
                &error.document,
                &error.path,
                &error.found,
            )
        }
        let mut errors = self.errors;
        errors.sort_by(|one, other| place(one).cmp(&place(other)));
        errors.dedup();
        errors
    }

    /// Notes that the document at hand names another, and says so when there is none.
    fn reference(&mut self, path: &str, kind: Kind, name: &str) {
        if self.documents.get(kind, name).is_some() {
            self.references.push((kind, name.to_owned()));
            return;
        }
        if self.strictness == Strictness::Writing && self.documents.is_unusable(kind, name) {
            // Its own errors are reported already.
            return;
        }
        let hint = match closest(name, self.documents.names(kind)) {
            _ if self.documents.is_unusable(kind, name) => {
                "correct its errors first, see `tenure check`".to_owned()
            }
            Some(likely) => format!("did you mean `{likely}`?"),
            None => format!("add a document with `kind: {kind}` and `name: {name}`"),
        };
        self.missing(
            path,
            format!("{kind} `{name}`, of which there is no usable document"),
            hint,
        );
    }

    /// Says that something is named which is not there.
    fn missing(&mut self, path: &str, found: String, hint: String) {
        let severity = match self.strictness {
            Strictness::Writing => Severity::Warning,
            Strictness::Running => Severity::Error,
        };
        self.add(severity, path, found, hint);
    }
}
