use std::fmt::Write as _;

use clap::{Arg, Command};

/// Every command of a program with its arguments, in Markdown; read from what parses them.
pub(crate) fn command_reference(name: &str, mut command: Command) -> String {
    command.build();
    let mut page = format!(
        "# Command line\n\nThis page is what `{name} commands` prints. Exit codes: 0 done; 1 it failed or found something; 2 wrong usage.\n\
         Without a command `{name}` serves. These options go with every command:\n\n"
    );
    table(&mut page, command.get_arguments().filter(|argument| argument.is_global_set()));
    sections(&mut page, &command, name);
    page
}

fn sections(page: &mut String, of: &Command, path: &str) {
    for command in of.get_subcommands().filter(|command| !command.is_hide_set()) {
        let path = format!("{path} {}", command.get_name());
        let _ = write!(page, "\n## `{path}`\n");
        if let Some(about) = command.get_about() {
            let _ = write!(page, "\n{}\n", sentence(&about.to_string()));
        }
        if command.has_subcommands() {
            sections(page, command, &path);
            continue;
        }
        let own = || command.get_arguments().filter(|argument| !argument.is_global_set());
        if own().any(is_shown) {
            page.push('\n');
            table(page, own());
        }
        if let Some(after) = command.get_after_help() {
            let _ = write!(page, "\n{after}\n");
        }
    }
}

fn table<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    page.push_str("| argument | default | what |\n| --- | --- | --- |\n");
    for argument in arguments.filter(|argument| is_shown(argument)) {
        let defaults: Vec<_> = argument.get_default_values().iter().map(|value| format!("`{}`", value.display())).collect();
        let default = if argument.is_required_set() { "required".to_owned() } else { defaults.join(", ") };
        // A flag has a default, too, but it says nothing.
        let default = if argument.get_action().takes_values() { default } else { String::new() };
        let _ = writeln!(page, "| `{}` | {default} | {} |", spelling(argument), meaning(argument).replace('|', "\\|"));
    }
}

fn spelling(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default().join(" ");
    match argument.get_long() {
        None => values,
        Some(long) if argument.get_action().takes_values() => format!("--{long} {values}"),
        Some(long) => format!("--{long}"),
    }
}

fn meaning(argument: &Arg) -> String {
    let mut meaning = sentence(&argument.get_help().map(ToString::to_string).unwrap_or_default());
    let takes_values = argument.get_action().takes_values();
    for value in argument.get_possible_values().iter().filter(|_| takes_values) {
        let help = sentence(&value.get_help().map(ToString::to_string).unwrap_or_default());
        let _ = write!(meaning, "<br>`{}`: {help}", value.get_name());
    }
    meaning
}

/// clap takes the last full stop away.
fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn is_shown(argument: &Arg) -> bool {
    !argument.is_hide_set() && argument.get_id() != "help"
}
