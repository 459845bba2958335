//! Stand-in.
#![allow(missing_docs)]
use super::{Application, Automation, DataSource, Directory, Lookup, Policy, Template};
pub enum Document {
    Application(Application),
    DataSource(DataSource),
    Directory(Directory),
    Automation(Automation),
    Template(Template),
    Policy(Policy),
    Lookup(Lookup),
}
#[derive(Default)]
pub struct Documents {
    all: Vec<Document>,
}
macro_rules! get {
    ($f:ident, $t:ident) => {
        pub fn $f(&self, name: &str) -> Option<&$t> {
            self.all.iter().find_map(|d| match d {
                Document::$t(x) if x.name == name => Some(x),
                _ => None,
            })
        }
    };
}
impl Documents {
    get!(application, Application);
    get!(data_source, DataSource);
    get!(directory, Directory);
    get!(automation, Automation);
    get!(template, Template);
    get!(policy, Policy);
    get!(lookup, Lookup);
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.all.iter()
    }
    pub fn digest(&self) -> String {
        String::new()
    }
    pub fn digest_start(&self) -> u64 {
        0
    }
}
