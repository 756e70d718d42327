-- +goose Up
-- The zero-touch service. A partner is a client, by its id. A client is the vendor of
-- one partner at most.
CREATE TABLE vendors (
    vendor_id  BIGINT PRIMARY KEY REFERENCES clients (id),
    partner_id BIGINT NOT NULL REFERENCES clients (id),
    company    TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX vendors_partner ON vendors (partner_id, vendor_id);

-- owners and admins are lists of addresses as JSON.
CREATE TABLE customers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    partner_id BIGINT NOT NULL REFERENCES clients (id),
    company    TEXT   NOT NULL,
    owners     TEXT   NOT NULL,
    admins     TEXT   NOT NULL,
    language   TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX customers_partner ON customers (partner_id, id);

-- A device is claimed where customer_id is above 0 or workspace is not empty, by its
-- registrar, who claimed it last and sees it also afterwards. The columns that end in
-- _key are what texts are found by.
CREATE TABLE devices (
    id               INTEGER PRIMARY KEY,
    registrar        BIGINT   NOT NULL,
    customer_id      BIGINT   NOT NULL,
    workspace        TEXT     NOT NULL,
    configuration    BIGINT   NOT NULL,
    sim_profile      BIGINT   NOT NULL,
    vacation_start   BIGINT   NOT NULL,
    vacation_expire  BIGINT   NOT NULL,
    type             TEXT     NOT NULL,
    imei             TEXT     NOT NULL,
    imei2            TEXT     NOT NULL,
    meid             TEXT     NOT NULL,
    meid2            TEXT     NOT NULL,
    serial           TEXT     NOT NULL,
    manufacturer     TEXT     NOT NULL,
    model            TEXT     NOT NULL,
    attested         TEXT     NOT NULL,
    serial_key       TEXT     NOT NULL,
    manufacturer_key TEXT     NOT NULL,
    model_key        TEXT     NOT NULL,
    metadata         TEXT     NOT NULL,
    created_at       BIGINT   NOT NULL,
    updated_at       BIGINT   NOT NULL
);
CREATE INDEX devices_customer ON devices (customer_id, id) WHERE customer_id > 0;
CREATE INDEX devices_workspace ON devices (workspace, registrar, id) WHERE workspace <> '';
CREATE INDEX devices_serial ON devices (serial_key, registrar, id) WHERE serial_key <> '';

-- What at most one device has, see Identifier.Keys. Rows are never changed.
CREATE TABLE device_keys (
    key       TEXT   PRIMARY KEY,
    device_id BIGINT NOT NULL
);

-- How many devices are claimed for an owner.
CREATE TABLE device_counts (
    customer_id BIGINT NOT NULL,
    workspace   TEXT   NOT NULL,
    registrar   BIGINT NOT NULL,
    devices     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, workspace, registrar)
);

-- +goose Down
DROP TABLE device_counts;
DROP TABLE device_keys;
DROP TABLE devices;
DROP TABLE customers;
DROP TABLE vendors;
