//! Documents: everything that is configured, by kind. The types here are the contract; reading them from text is in
//! `load`, and what they say of each other is checked in `check`.

mod application;
mod automation;
mod data_source;
mod directory;
mod lookup;
mod scalar;
mod set;
mod template;

pub use application::{
    AddTo, Application, Authorization, AuthorizationKind, Endpoint, Method, PrivateAddresses, Repeat,
    RequestLimits,
};
pub use automation::{
    All, Automation, CreateAccount, Guards, ModifyAttributes, Nothing, Notify, Policy, PolicyUse, Rules,
    Schedule, Step, StepList,
};
pub use data_source::{
    DataSource, EndpointUse, FileFormat, FullMapping, LifecycleMapping, Mapping, SourceFile, WriteMode,
};
pub use directory::{Bind, Directory, DirectoryKind, DisabledBy, Encryption};
pub use lookup::Lookup;
pub use scalar::{GuardLimit, OneOrMany, Scalar, Span};
pub use set::{Document, Documents};
pub use template::{FullUnique, Template, Unique};
