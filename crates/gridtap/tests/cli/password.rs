//! Making the hash of a password.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

use nix::pty::openpty;

use crate::run::{Ran, gridtap};

const PASSWORD: &str = "correct horse battery staple";

fn hashed(input: &str) -> Ran {
    let mut command = gridtap(["hash-password"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn the_first_line_of_standard_input_is_the_password_and_its_hash_stands_alone() {
    let [one, other] = [hashed(&format!("{PASSWORD}\nmore\n")), hashed(PASSWORD)];
    for ran in [&one, &other] {
        assert_eq!((ran.code, &*ran.err), (Some(0), ""));
        assert!(ran.out.starts_with("$argon2id$v=19$") && ran.out.lines().count() == 1, "{ran:?}");
    }
    assert_ne!(one.out, other.out, "salted");
    let short = hashed("secret\n");
    assert_eq!((short.code, &*short.out), (Some(2), ""));
    assert!(short.err.contains("6 characters, expected at least 15"), "{}", short.err);
}

#[test]
fn on_a_terminal_it_is_asked_for_twice_and_not_shown() {
    for (again, code) in [(PASSWORD, 0), ("correct horse battery stable", 2)] {
        let terminal = openpty(None, None).unwrap();
        let mut command = gridtap(["hash-password"]);
        command.stdin(terminal.slave).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut keys = File::from(terminal.master);
        let mut prompts = child.stderr.take().unwrap();
        let mut said = String::new();
        for (prompt, typed) in [("Password: ", PASSWORD), ("Again: ", again)] {
            while !said.ends_with(prompt) {
                let mut octet = [0];
                assert_eq!(prompts.read(&mut octet).unwrap(), 1, "it ended after {said:?}");
                said.push(char::from(octet[0]));
            }
            writeln!(keys, "{typed}").unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(output.stdout.starts_with(b"$argon2id$"), code == 0);
        let mut shown = Vec::new();
        // The other end is closed, which a terminal tells as an error.
        let _ = keys.read_to_end(&mut shown);
        assert!(!String::from_utf8_lossy(&shown).contains("horse"), "{shown:?}");
    }
}
