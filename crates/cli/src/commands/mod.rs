//! One file per command, each thin: parse, call the engine, present.

mod authorize;
mod check;
mod demo;
mod fetch;
mod functions;
mod person;
mod plan;
mod run;
mod runs;
mod schema;
mod secret;
mod simulate;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;

/// Any error a command can end with; only its text matters here.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T = Exit> = std::result::Result<T, Error>;

/// Carries out what the command line says.
pub async fn run(arguments: Arguments) -> Exit {
    let Arguments { place, command } = arguments;
    let result = match command {
        Command::Demo(demo) => demo::demo(demo).await,
        Command::Check { files, json } => check::check(&place, &files, json),
        Command::Schema { kind } => schema::schema(kind.as_deref()),
        Command::Functions { name } => functions::functions(name.as_deref()),
        Command::Fetch { source, sample, json } => fetch::fetch(&place, &source, sample, json).await,
        Command::Plan { automation, show } => plan::plan(&place, &automation, show).await,
        Command::Run {
            automation,
            yes,
            show,
        } => run::run(&place, &automation, yes, show).await,
        Command::Apply { run, release, json } => run::apply(&place, run, release, json).await,
        Command::Discard { run } => runs::discard(&place, run).await,
        Command::Runs {
            automation,
            limit,
            json,
        } => runs::runs(&place, automation.as_deref(), limit, json).await,
        Command::Show { run, show } => runs::show(&place, run, show).await,
        Command::Person { key, json } => person::person(&place, &key, json).await,
        Command::Password { key, directory } => person::password(&place, &key, directory.as_deref()).await,
        Command::Unlink { key, directory } => person::unlink(&place, &key, directory.as_deref()).await,
        Command::Authorize { application, paste } => {
            authorize::authorize(&place, application.as_deref(), paste).await
        }
        Command::Secret(secret) => secret::secret(&place, secret).await,
        Command::Simulate(simulate) => simulate::simulate(simulate).await,
    };
    result.unwrap_or_else(|error| Exit::failed(&error))
}

/// Who runs this command, for the history.
fn user() -> String {
    let name = ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "the command line".to_owned())
}
