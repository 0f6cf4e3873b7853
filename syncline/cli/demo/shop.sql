CREATE TABLE customer (
    customer_id INTEGER PRIMARY KEY,
    first_name  VARCHAR(40) NOT NULL,
    last_name   VARCHAR(20) NOT NULL,
    company     VARCHAR(80),
    address     VARCHAR(70),
    city        VARCHAR(40),
    state       VARCHAR(40),
    country     VARCHAR(40),
    postal_code VARCHAR(10),
    phone       VARCHAR(24),
    fax         VARCHAR(24),
    email       VARCHAR(60) NOT NULL,
    updated_at  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE track (
    track_id     INTEGER PRIMARY KEY,
    album_id     INTEGER,
    name         VARCHAR(200) NOT NULL,
    composer     VARCHAR(220),
    milliseconds INTEGER NOT NULL,
    bytes        INTEGER,
    unit_price   NUMERIC(10,2) NOT NULL,
    updated_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE invoice (
    invoice_id          INTEGER PRIMARY KEY,
    customer_id         INTEGER NOT NULL REFERENCES customer,
    invoice_date        TIMESTAMP NOT NULL,
    billing_address     VARCHAR(70),
    billing_city        VARCHAR(40),
    billing_state       VARCHAR(40),
    billing_country     VARCHAR(40),
    billing_postal_code VARCHAR(10),
    total               NUMERIC(10,2) NOT NULL,
    updated_at          TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE invoice_line (
    line_id    INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL REFERENCES invoice,
    track_id   INTEGER NOT NULL REFERENCES track,
    unit_price NUMERIC(10,2) NOT NULL,
    quantity   INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
