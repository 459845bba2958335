//! The `tenure` command. Commands parse, call the engine and present; nothing is decided here.

#[macro_use]
mod printing;

mod arguments;
mod commands;
mod exit;
mod home;
mod output;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

use crate::arguments::Arguments;
use crate::exit::Exit;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("TENURE_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Exit::failed(&error).into(),
    };
    let exit = runtime.block_on(commands::run(arguments));
    // What still runs in the background has nothing left to say.
    runtime.shutdown_background();
    match printing::end() {
        Ok(()) => exit.into(),
        Err(error) => Exit::failed(&format_args!("printing the output: {error}")).into(),
    }
}
