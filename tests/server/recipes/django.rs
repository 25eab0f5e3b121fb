//! The helper for Django in a real project (`tests/django`), with `PyMySQL`.

use std::path::Path;
use std::process::Output;

use super::{Programs, recipe, told};
use crate::support::ground::Ground;
use crate::support::mysqld::fetched;
use crate::support::place::{Place, played};

played! {
    on_both_servers: migrations_forth_and_back;
}

async fn migrations_forth_and_back(place: Place) {
    let plain = Project::new("recipe_django_plain", place, false).await;
    let online = Project::new("recipe_django", place, true).await;
    let both = [&plain, &online];
    let migrated = |to: &str| {
        for project in both {
            let output = project.manage(&["migrate", "shop", to]);
            assert!(output.status.success(), "{}", told(&output));
            let through_zosc = told(&output).contains("zosc: ");
            assert_eq!(through_zosc, project.is_online && to != "0001", "{}", told(&output));
        }
    };

    migrated("0001");
    let before = online.look().await;
    migrated("0002");
    let after = online.look().await;
    assert_ne!(before, after);
    assert_eq!(after, plain.look().await);

    let back = online.manage(&["migrate", "shop", "0001"]);
    assert!(back.status.success() && told(&back).contains("zosc: "), "{}", told(&back));
    assert_eq!(online.look().await, before);
    let again = online.manage(&["migrate", "shop", "0002"]);
    assert!(again.status.success(), "{}", told(&again));
    assert_eq!(online.look().await, after);

    let refused = online.manage(&["migrate", "shop", "0003"]);
    assert!(!refused.status.success());
    let said = told(&refused);
    assert!(said.contains("zosc_django.Refused: ") && said.contains("lossy-conversion"), "{said}");
    assert!(said.contains("--allow lossy-conversion"), "{said}");
    assert_eq!(online.look().await, after);

    // Who only looks starts no zosc.
    let shown = online.manage(&["sqlmigrate", "shop", "0003"]);
    assert!(told(&shown).contains("ALTER TABLE `shop_order` MODIFY `amount`"), "{}", told(&shown));
    let checked = online.manage(&["makemigrations", "--check", "--dry-run"]);
    assert!(told(&checked).contains("No changes detected"), "{}", told(&checked));
    assert_eq!(online.look().await, after);
    for project in [plain, online] {
        project.ground.gone().await;
    }
}

struct Project {
    ground: Ground,
    programs: Programs,
    is_online: bool,
}

impl Project {
    async fn new(name: &str, place: Place, is_online: bool) -> Self {
        let ground = Ground::laid(name, place, &[]).await;
        Self { ground, programs: Programs::new(), is_online }
    }

    fn manage(&self, words: &[&str]) -> Output {
        let python = fetched("ZOSC_DJANGO_HOME", "django", &[]).join("bin/python");
        let address = &self.ground.address;
        self.programs
            .command(python)
            .args(["-B", "-m", "django"])
            .args(words)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/django"))
            .env("PYTHONPATH", recipe(""))
            .env("DJANGO_SETTINGS_MODULE", "settings")
            .env("AT", &address.host)
            .env("PORT", address.port.to_string())
            .env("USER", &address.user)
            .env("SCHEMA", &self.ground.schema)
            .env("ONLINE", if self.is_online { "yes" } else { "no" })
            .output()
            .unwrap()
    }

    async fn look(&self) -> String {
        self.ground.look("shop_order").await
    }
}
