package main

import (
	"context"
	"errors"
	"fmt"

	"asapi/store"
	devices "asapi/store/zerotouch"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

type zerotouchCmd struct {
	ImportCSV zerotouchImportCmd   `cmd:"" name:"import-csv" help:"Claim the devices of a CSV file for a customer, with a report for each row."`
	Customer  zerotouchCustomerCmd `cmd:"" help:"Manage the customers of a partner."`
	Vendor    zerotouchVendorCmd   `cmd:"" help:"Manage the vendors of a partner."`
}

// partnered is a command for one partner's devices and customers.
type partnered struct {
	admin
	Client string `required:"" help:"Client who is the partner." placeholder:"NAME"`
}

func (c *partnered) withPartner(ctx context.Context, work func(*store.Store, *devices.Store, zerotouch.PartnerID) error) error {
	return c.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, c.Client)
		if err != nil {
			return err
		}
		return work(s, devices.New(s), zerotouch.PartnerOf(client.ID))
	})
}

type zerotouchImportCmd struct {
	partnered
	File     string `arg:"" help:"The file: CSV with a heading such as imei,serial,manufacturer,model,ordernumber; NDJSON and JSON of the reseller API are read, too."`
	Customer int64  `help:"Id of the customer, for rows that name none." placeholder:"ID"`
}

// importedLine is a row of a report as scripts see it.
type importedLine struct {
	Row     int64            `json:"row"`
	Key     string           `json:"key"`
	Outcome tasks.Outcome    `json:"outcome"`
	Device  string           `json:"device,omitempty"`
	Status  zerotouch.Status `json:"status"`
	Error   zerotouch.Reason `json:"error,omitempty"`
	Message string           `json:"message,omitempty"`
}

// Run claims the devices and tells each row; it fails when a row was refused.
func (c *zerotouchImportCmd) Run(ctx context.Context, t *terminal) error {
	if c.Customer < 0 {
		return &usageError{errors.New("--customer takes the id of a customer")}
	}
	file, err := fileToRead(c.File)
	if err != nil {
		return err
	}
	return c.withPartner(ctx, func(_ *store.Store, kept *devices.Store, p zerotouch.PartnerID) error {
		sum, err := zerotouch.Import(ctx, kept, p, zerotouch.CustomerID(c.Customer), file, func(row zerotouch.Imported) error {
			return tellImported(t, p, row)
		})
		if err != nil {
			return err
		}
		if t.interactive() {
			if err := t.printf("%d rows: %d new devices, %d claimed again or changed, %d unchanged, %d refused.\n", sum.Total, sum.Created, sum.Updated, sum.Unchanged, sum.Failed); err != nil {
				return err
			}
		}
		if sum.Failed > 0 {
			return fmt.Errorf("%d of %d rows were refused", sum.Failed, sum.Total)
		}
		return nil
	})
}

func tellImported(t *terminal, p zerotouch.PartnerID, row zerotouch.Imported) error {
	if !t.interactive() {
		line := importedLine{Row: row.Row, Key: row.Key, Outcome: row.Outcome, Status: row.Status, Error: row.Reason, Message: row.Message}
		if row.Device != 0 {
			line.Device = zerotouch.DeviceName(p, row.Device)
		}
		return t.json(line)
	}
	if row.Reason != "" {
		return t.printf("row %d  %s  refused: %s\n", row.Row, row.Key, row.Message)
	}
	return t.printf("row %d  %s  %s  %s\n", row.Row, row.Key, row.Outcome, zerotouch.DeviceName(p, row.Device))
}

type zerotouchCustomerCmd struct {
	Add  zerotouchCustomerAddCmd  `cmd:"" help:"Make a customer and print its id."`
	List zerotouchCustomerListCmd `cmd:"" help:"List the customers of a partner."`
}

type zerotouchCustomerAddCmd struct {
	partnered
	Company string   `arg:"" help:"Name of the company; it never changes."`
	Owner   []string `required:"" help:"Mail address of an owner, of the company's own domain; may be repeated." placeholder:"ADDRESS"`
	Admin   []string `help:"Mail address of an administrator; may be repeated." placeholder:"ADDRESS"`
}

func (c *zerotouchCustomerAddCmd) Run(ctx context.Context, t *terminal) error {
	return c.withPartner(ctx, func(_ *store.Store, kept *devices.Store, p zerotouch.PartnerID) error {
		made, err := zerotouch.NewCustomer(ctx, kept, p, zerotouch.Customer{Company: c.Company, Owners: c.Owner, Admins: c.Admin})
		if faults := tasks.FaultsOf(err); len(faults) > 0 && faults[0].Code == tasks.CodeInvalid {
			return &usageError{errors.New(faults[0].Message)}
		}
		if err != nil {
			return err
		}
		return t.printf("%d\n", int64(made.ID))
	})
}

type zerotouchCustomerListCmd struct{ partnered }

// customerLine is a customer as scripts see it.
type customerLine struct {
	ID      zerotouch.CustomerID `json:"id"`
	Name    string               `json:"name"`
	Company string               `json:"company"`
}

// listedAtOnce is how many customers, or vendors, are read at once.
const listedAtOnce = 500

func (c *zerotouchCustomerListCmd) Run(ctx context.Context, t *terminal) error {
	return c.withPartner(ctx, func(_ *store.Store, kept *devices.Store, p zerotouch.PartnerID) error {
		for after := zerotouch.CustomerID(0); ; {
			list, _, err := kept.Customers(ctx, p, after, listedAtOnce)
			if err != nil {
				return err
			}
			for _, one := range list {
				after = one.ID
				if t.interactive() {
					err = t.printf("%d  %s\n", int64(one.ID), one.Company)
				} else {
					err = t.json(customerLine{one.ID, zerotouch.CustomerName(p, one.ID), one.Company})
				}
				if err != nil {
					return err
				}
			}
			if len(list) < listedAtOnce {
				return nil
			}
		}
	})
}
