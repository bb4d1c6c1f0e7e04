package judge;

import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.File;

/** What EU DSS says of a signed container: one line for each signature and time-stamp. No network is used. */
public final class Judge {
    private Judge() {}

    /** Arguments: the root certificate, the containers. */
    public static void main(String[] arguments) {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        trusted.addCertificate(DSSUtils.loadCertificate(new File(arguments[0])));
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        for (int place = 1; place < arguments.length; place++) {
            SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(arguments[place]));
            validator.setCertificateVerifier(verifier);
            SimpleReport report = validator.validateDocument().getSimpleReport();
            System.out.println("container " + report.getContainerType());
            for (String id : report.getSignatureIdList()) {
                System.out.println("signature " + report.getSignatureFormat(id) + " " + report.getIndication(id) + " "
                        + report.getSubIndication(id) + " " + report.getAdESValidationErrors(id));
            }
            for (String id : report.getTimestampIdList()) {
                System.out.println("timestamp " + report.getIndication(id) + " " + report.getSubIndication(id) + " "
                        + report.getAdESValidationErrors(id));
            }
        }
    }
}
