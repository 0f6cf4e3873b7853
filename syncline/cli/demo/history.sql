-- When each row was last touched, as far as the invoices tell, and from now on by itself.
UPDATE invoice SET updated_at = invoice_date;
UPDATE invoice_line SET updated_at = (SELECT invoice_date FROM invoice AS i WHERE i.invoice_id = invoice_line.invoice_id);
UPDATE customer SET updated_at =
    coalesce((SELECT max(invoice_date) FROM invoice AS i WHERE i.customer_id = customer.customer_id), '2007-01-01 00:00:00');
CREATE INDEX line_track ON invoice_line (track_id);
UPDATE track SET updated_at =
    coalesce((SELECT max(l.updated_at) FROM invoice_line AS l WHERE l.track_id = track.track_id), '2007-01-01 00:00:00');

CREATE TRIGGER customer_touched AFTER UPDATE ON customer WHEN new.updated_at IS old.updated_at BEGIN
    UPDATE customer SET updated_at = CURRENT_TIMESTAMP WHERE customer_id = new.customer_id;
END;
CREATE TRIGGER track_touched AFTER UPDATE ON track WHEN new.updated_at IS old.updated_at BEGIN
    UPDATE track SET updated_at = CURRENT_TIMESTAMP WHERE track_id = new.track_id;
END;
CREATE TRIGGER invoice_touched AFTER UPDATE ON invoice WHEN new.updated_at IS old.updated_at BEGIN
    UPDATE invoice SET updated_at = CURRENT_TIMESTAMP WHERE invoice_id = new.invoice_id;
END;
CREATE TRIGGER line_touched AFTER UPDATE ON invoice_line WHEN new.updated_at IS old.updated_at BEGIN
    UPDATE invoice_line SET updated_at = CURRENT_TIMESTAMP WHERE line_id = new.line_id;
END;
