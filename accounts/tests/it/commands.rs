use clap::Parser;
use portcullis_accounts::{AccountsCommand, CommandFailed, Terminal};

use crate::support::{PASSWORD, World, on_every_database};

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: AccountsCommand,
}

/// Runs a command line; what it wrote, or the exit code.
async fn run(world: &World, line: &str, input: &str) -> Result<String, u8> {
    let words = ["program"].into_iter().chain(line.split_whitespace());
    let command = Line::try_parse_from(words).map_err(|_| 2_u8)?.command;
    let (mut input, mut output) = (input.as_bytes(), Vec::new());
    let mut terminal = Terminal { input: &mut input, output: &mut output, json: true };
    let result: Result<(), CommandFailed> = command.run(&world.service, &mut terminal).await;
    result.map_err(|failed| failed.exit_code())?;
    Ok(String::from_utf8(output).unwrap())
}

on_every_database! {
    async fn users_are_added_listed_and_shut_out_from_the_command_line(world) {
        let added = run(&world, "user add root --role admin --email root@example.com --password-stdin", &format!("{PASSWORD}\n")).await.unwrap();
        let added: serde_json::Value = serde_json::from_str(&added).unwrap();
        assert_eq!((added["username"].as_str(), added["role"].as_str(), added["email_verified"].as_bool()), (Some("root"), Some("admin"), Some(true)));
        assert!(!added.to_string().contains(PASSWORD) && !added.to_string().contains("argon2"));
        let grant = world.log_in("root@example.com").await;
        let invited = run(&world, "user add ann --role user", "").await.unwrap();
        assert!(invited.contains("/set-password?code="));
        assert_eq!(run(&world, "user list", "").await.unwrap().lines().count(), 2);
        assert!(run(&world, "user roles ann admin", "").await.unwrap().contains("\"role\":\"admin\""));
        assert_eq!(run(&world, "user disable root", "").await, Err(1), "ann cannot sign in yet");
        assert!(run(&world, "user reset-password ann --password-stdin", PASSWORD).await.is_ok());
        assert!(run(&world, "user disable root", "").await.unwrap().contains("\"disabled\":true"));
        assert!(world.who(&grant.access_token).await.is_err());
        assert!(run(&world, "user enable root", "").await.is_ok());
    }

    async fn exit_codes_tell_refusals_from_wrong_usage(world) {
        for (line, input, code) in [
            ("user add ann --role owner --password-stdin", PASSWORD, 1),
            ("user add ann --role user --password-stdin", "short", 1),
            ("user add ann --role user --password-stdin", "", 2),
            ("user add ann --role user --password-stdin", "one line\nand another", 2),
            ("user add a@b --role user", "", 2),
            ("user add ann --role user --email x", "", 2),
            ("user add ann", "", 2),
            ("user disable nobody", "", 1),
            ("user reset-password nobody --password-stdin", PASSWORD, 1),
            ("user explode", "", 2),
        ] {
            assert_eq!(run(&world, line, input).await, Err(code), "{line}");
        }
    }

    async fn keys_are_listed_and_rotated_from_the_command_line(world) {
        assert_eq!(run(&world, "keys list", "").await.unwrap().lines().count(), 1);
        assert!(run(&world, "keys rotate", "").await.unwrap().contains("\"state\":\"next\""));
        assert_eq!(run(&world, "keys list", "").await.unwrap().lines().count(), 2);
    }
}
