//! What the figures were measured on.

use std::fs;
use std::process::Command;

use jiff::Zoned;

/// One paragraph: date, processor, cores, memory, kernel, and the servers' versions.
pub fn describe() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = value_of(&processors, "model name").unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let gibibytes = value_of(&memory, "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes / (1 << 20));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "Measured on {}: {model}, {cores} cores, {gibibytes} GiB, Linux {}, {}, {}. Load before: {load}.",
        Zoned::now().date(),
        kernel.trim(),
        version("slapd", "-VV", "slapd ", "slapd"),
        version("postgres", "--version", "(PostgreSQL) ", "PostgreSQL"),
    )
}

fn value_of<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))
        .map(str::trim)
}

/// What a program says is its version, which stands after `before`.
fn version(program: &str, option: &str, before: &str, name: &str) -> String {
    let places = ["", "/usr/sbin/", "/usr/local/sbin/"];
    let output = places.iter().find_map(|place| {
        Command::new(format!("{place}{program}"))
            .arg(option)
            .output()
            .ok()
    });
    let said = output.map(|output| {
        let (one, other) = (output.stdout, output.stderr);
        String::from_utf8_lossy(&[one, other].concat()).into_owned()
    });
    let found = said.as_deref().and_then(|said| {
        let (_, rest) = said.split_once(before)?;
        Some(format!("{name} {}", rest.split_whitespace().next()?))
    });
    found.unwrap_or_else(|| format!("{name} of an unknown version"))
}
