DROP TABLE csv_upload;
