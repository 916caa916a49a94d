use std::io::{self, BufRead, IsTerminal as _, Write};

use portcullis::Failure;

use super::target::Target;

/// Goes on only where the load is wanted: on this machine, on a host that the command line names, or after a yes.
pub(super) fn obtain(target: &Target, named: Option<&str>, what: &str) -> Result<(), Failure> {
    if let Some(named) = named
        && !named.eq_ignore_ascii_case(&target.host)
    {
        return Err(Failure::usage(format!("--yes-i-own names {named}, but the load would go to {}", target.host)));
    }
    if target.is_this_machine() || named.is_some() {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let host = &target.host;
        return Err(Failure::usage(format!("{host} is not this machine; if you may load it, say so with --yes-i-own {host}")));
    }
    ask(target, what, &mut io::stdin().lock(), &mut io::stderr())
}

fn ask(target: &Target, what: &str, input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Failure> {
    let addresses: Vec<String> = target.addresses().iter().map(|address| address.ip().to_string()).collect();
    let question = format!(
        "{} ({}) is not this machine. Load only what you own or may load.\nSend it {what}? [y/N] ",
        target.host,
        addresses.join(", ")
    );
    let mut answer = String::new();
    let heard = output.write_all(question.as_bytes()).and_then(|()| output.flush()).and_then(|()| input.read_line(&mut answer));
    heard.map_err(|error| Failure::new(format!("cannot ask: {error}")))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was sent")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_yes_lets_the_load_out() {
        let target = Target::find("https://192.0.2.7").await.unwrap();
        for (answer, goes) in [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("n\n", false), ("yo\n", false)] {
            let mut shown = Vec::new();
            assert_eq!(ask(&target, "5 requests", &mut answer.as_bytes(), &mut shown).is_ok(), goes, "{answer:?}");
            let shown = String::from_utf8(shown).unwrap();
            assert!(shown.contains("192.0.2.7") && shown.contains("5 requests"), "{shown}");
        }
    }

    #[tokio::test]
    async fn a_name_on_the_command_line_counts_for_that_host_only() {
        let target = Target::find("https://192.0.2.7").await.unwrap();
        assert!(obtain(&target, Some("192.0.2.7"), "").is_ok());
        assert!(obtain(&target, Some("192.0.2.8"), "").is_err());
        let here = Target::find("https://127.0.0.1").await.unwrap();
        assert!(obtain(&here, None, "").is_ok());
        assert!(obtain(&here, Some("192.0.2.7"), "").is_err(), "a wrong host is a mistake even where no consent is needed");
    }
}
