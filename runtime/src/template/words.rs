//! Small word lists for fake data. Names of persons, mail addresses and cities belong to nobody in particular.

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Amir", "Anna", "Ben", "Carla", "Chen", "Clara", "Daniel", "Diego", "Elif", "Emma", "Fatima", "Felix", "Grace", "Hana", "Hugo",
    "Ines", "Ivan", "Jonas", "Julia", "Kenji", "Lara", "Leo", "Lin", "Luca", "Maja", "Marta", "Mei", "Mila", "Nadia", "Nils", "Noor",
    "Olga", "Omar", "Paula", "Pedro", "Priya", "Rosa", "Sam", "Sofia", "Tariq", "Thea", "Tom", "Uma", "Vera", "Viktor", "Yara", "Zoe",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Adler", "Becker", "Bianchi", "Brandt", "Castro", "Costa", "Diaz", "Dubois", "Eriksen", "Fischer", "Fontaine", "Garcia", "Haas",
    "Hansen", "Ito", "Jansen", "Kaya", "Keller", "Khan", "Kowalski", "Laurent", "Lindgren", "Lopez", "Marino", "Mensah", "Meyer", "Moreau",
    "Nakamura", "Novak", "Okafor", "Olsen", "Patel", "Peters", "Popov", "Rahman", "Ricci", "Rossi", "Santos", "Sato", "Silva", "Singh",
    "Tanaka", "Torres", "Virtanen", "Wagner", "Weber", "Yilmaz", "Zhang",
];

/// City and country belong together, so that `{{city}}` and `{{country}}` are drawn from one list.
pub(super) const CITIES: &[(&str, &str)] = &[
    ("Accra", "Ghana"),
    ("Amsterdam", "Netherlands"),
    ("Athens", "Greece"),
    ("Bangkok", "Thailand"),
    ("Berlin", "Germany"),
    ("Bogota", "Colombia"),
    ("Boston", "United States"),
    ("Cairo", "Egypt"),
    ("Chicago", "United States"),
    ("Copenhagen", "Denmark"),
    ("Delhi", "India"),
    ("Dublin", "Ireland"),
    ("Hamburg", "Germany"),
    ("Hanoi", "Vietnam"),
    ("Helsinki", "Finland"),
    ("Istanbul", "Turkey"),
    ("Jakarta", "Indonesia"),
    ("Lagos", "Nigeria"),
    ("Lima", "Peru"),
    ("Lisbon", "Portugal"),
    ("London", "United Kingdom"),
    ("Lyon", "France"),
    ("Madrid", "Spain"),
    ("Melbourne", "Australia"),
    ("Milan", "Italy"),
    ("Montreal", "Canada"),
    ("Mumbai", "India"),
    ("Nairobi", "Kenya"),
    ("Osaka", "Japan"),
    ("Oslo", "Norway"),
    ("Paris", "France"),
    ("Prague", "Czechia"),
    ("Santiago", "Chile"),
    ("Seoul", "South Korea"),
    ("Stockholm", "Sweden"),
    ("Sydney", "Australia"),
    ("Taipei", "Taiwan"),
    ("Tokyo", "Japan"),
    ("Toronto", "Canada"),
    ("Vienna", "Austria"),
    ("Warsaw", "Poland"),
    ("Zurich", "Switzerland"),
];

pub(super) const WORDS: &[&str] = &[
    "account", "amber", "anchor", "arrow", "basket", "beacon", "bridge", "bright", "button", "cable", "canvas", "carbon", "cargo",
    "circle", "clear", "clock", "cloud", "copper", "coral", "corner", "cotton", "current", "delta", "desk", "echo", "engine", "fabric",
    "field", "filter", "garden", "glass", "granite", "green", "harbor", "hollow", "island", "ivory", "jacket", "kettle", "ladder",
    "lantern", "letter", "level", "linen", "maple", "marble", "meadow", "mirror", "motor", "needle", "north", "ocean", "olive", "orbit",
    "paper", "pebble", "pepper", "plain", "pocket", "quartz", "quiet", "rapid", "ribbon", "river", "rocket", "saddle", "signal", "silver",
    "slate", "spring", "steady", "stone", "summer", "switch", "table", "timber", "tunnel", "valley", "velvet", "violet", "wagon", "water",
    "window", "winter", "wooden", "yellow",
];
